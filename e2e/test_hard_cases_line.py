"""Hard cases of the line: answers that are lost, cut, late or lies, and a server that dies.

What a person did on a tablet counts once, whatever happens on the way: the server's rows and its
ledger say so, not only an empty queue. The numbers are those of the table in docs/tablet.md.
"""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import chaos
from e2e.aisle import (
    NO_CONNECTION,
    PUSH,
    Aisle,
    connection,
    edit,
    edited_once,
    eventually,
    open_product,
    waits,
    walked,
)
from e2e.depot import Depot

# Where the wireless network wants to be paid first.
SIGN_IN = "/sign-in?next=/tablet/"
ASKED_AGAIN = rf"{PUSH}|^GET /api/v1/sync/ops"


@pytest.fixture(scope="module")
def aisle(depot: Depot, browser: Browser) -> Iterator[Aisle]:
    with walked(depot, browser) as aisle:
        yield aisle


@pytest.fixture(scope="module")
def shared(aisle: Aisle) -> Page:
    return aisle.tablet()


@pytest.fixture
def page(aisle: Aisle, shared: Page) -> Iterator[Page]:
    aisle.line.behave()
    yield shared
    aisle.line.behave()
    waits(shared, 0)


def test_what_is_done_offline_survives_a_reload_and_arrives(aisle: Aisle) -> None:
    """Case 01."""
    products = aisle.products(2)
    page = aisle.tablet()
    aisle.lose_connection(page)
    for product in products:
        edit(page, product, brand=f"Offline {product}")
    waits(page, 2)
    page.reload()
    expect(connection(page)).to_have_text(NO_CONNECTION)
    waits(page, 2)
    expect(page.get_by_text(f"Offline {products[1]}")).to_be_visible()
    aisle.find_connection(page)
    waits(page, 0)
    for product in products:
        edited_once(aisle.depot, product, brand=f"Offline {product}")


FAULTS = {
    "02 a reset after the commit": chaos.reset,
    "an end without an answer": chaos.lost,
    "04 a gateway's error page": chaos.bad_gateway,
    "an answer that is cut in its middle": chaos.cut(share=0.5),
    "an answer that is cut at its end": chaos.cut(after=40),
    "a compressed nothing": chaos.changed(lambda body: b""),
    "an answer to something else": chaos.changed(lambda body: b'{"results": []}'),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_change_whose_answer_is_spoiled_counts_once(
    aisle: Aisle, page: Page, fault: chaos.Fault
) -> None:
    """Cases 02 and 04, and their relatives."""
    product = aisle.product()
    open_product(page, product)
    before = len(aisle.pushed())
    asked = len(aisle.line.reached(ASKED_AGAIN))
    aisle.line.meet(PUSH, fault, times=1)
    edit(page, product, brand="Once")
    waits(page, 0)
    expect(page.locator(".news-of")).to_contain_text("Sent")
    # It was sent again under the same id, or asked about, and nothing else was done.
    assert len({tuple(ids) for ids in aisle.pushed()[before:]}) == 1
    first, *more = aisle.line.reached(ASKED_AGAIN)[asked:]
    told = [json.loads(one.answer)["results"][0]["status"] for one in (first, *more)]
    assert told[0] == "applied"
    assert set(told[1:]) == {"duplicate"}
    edited_once(aisle.depot, product, brand="Once")


def test_an_answer_that_never_comes_is_waited_for_in_vain_and_asked_again(
    aisle: Aisle, page: Page
) -> None:
    """Case 03."""
    product = aisle.product()
    open_product(page, product)
    before = len(aisle.pushed())
    aisle.line.meet(PUSH, chaos.no_answer, times=1)
    edit(page, product, brand="Late")
    eventually(page, lambda: len(aisle.pushed()) == before + 1)
    # The server has it. The tablet cannot know, and does not say so.
    edited_once(aisle.depot, product, brand="Late")
    expect(page.locator(".news-of")).to_contain_text("On this tablet")
    waits(page, 1)
    expect(page.locator(".news-of")).to_contain_text("Sent", timeout=30_000)
    assert len({tuple(ids) for ids in aisle.pushed()[before:]}) == 1
    edited_once(aisle.depot, product, brand="Late")


def test_an_answer_that_drips_is_read_to_its_end(aisle: Aisle, page: Page) -> None:
    product = aisle.product()
    open_product(page, product)
    before = len(aisle.pushed())
    aisle.line.meet(PUSH, chaos.drip(1_000), times=1)
    edit(page, product, brand="Drop by drop")
    waits(page, 0)
    assert len(aisle.pushed()) == before + 1
    edited_once(aisle.depot, product, brand="Drop by drop")


def test_a_redirect_to_a_page_where_people_sign_in_is_no_answer(aisle: Aisle, page: Page) -> None:
    """Case 09."""
    product = aisle.product()
    open_product(page, product)
    before, asked = len(aisle.pushed()), len(aisle.line.asked)
    aisle.line.meet(PUSH, chaos.redirected(SIGN_IN))
    edit(page, product, brand="Elsewhere")
    # Whatever the tablet made of it, it then asks who is signed in.
    eventually(page, lambda: "POST /api/v1/sync/push" in aisle.line.asked[asked:])
    asked = aisle.line.asked.index("POST /api/v1/sync/push", asked)
    eventually(page, lambda: "GET /api/v1/session" in aisle.line.asked[asked:])
    waits(page, 1)
    expect(page.locator(".news-of")).to_contain_text("On this tablet")
    assert len(aisle.pushed()) == before
    assert aisle.depot.state_of(product)["version"] == 1
    aisle.line.behave()
    page.reload()
    waits(page, 0)
    edited_once(aisle.depot, product, brand="Elsewhere")


def test_a_server_that_dies_amid_five_changes_carries_out_five(aisle: Aisle) -> None:
    """Case 05."""
    products = aisle.products(5)
    page = aisle.tablet()
    aisle.lose_connection(page)
    for product in products:
        edit(page, product, brand=f"Five {product}")
    waits(page, 5)
    depot = aisle.depot
    done = "SELECT 1 FROM sync_change WHERE product_id = ANY(%s)"
    with depot.connected() as other:
        # Whoever holds a row stops the server before it, with three changes done.
        other.execute("SELECT 1 FROM inventory_product WHERE id = %s FOR UPDATE", [products[3]])
        aisle.find_connection(page)
        eventually(page, lambda: len(depot.rows(done, products)) == 3)
        depot.kill()
    assert len(depot.rows(done, products)) == 3
    aisle.restart()
    waits(page, 0)
    for product in products:
        edited_once(depot, product, brand=f"Five {product}")
    # In the order in which they were made.
    order = "SELECT product_id FROM sync_change WHERE product_id = ANY(%s) ORDER BY received_at"
    assert [id for (id,) in depot.rows(order, products)] == products


def test_a_network_that_leads_nowhere_is_no_connection_and_does_not_flicker(aisle: Aisle) -> None:
    """Case 28."""
    product = aisle.product()
    page = aisle.tablet()
    open_product(page, product)
    page.goto(f"/tablet/products/{product}/edit")
    # Here every good answer counts, also one that the test gives in the server's place.
    page.context.unroute("**/api/v1/models/live")
    # A wireless network whose owner wants to be asked first, and has an answer to everything.
    aisle.line.meet("/", chaos.portal)
    page.evaluate(LOOK)
    expect(connection(page)).to_have_text(NO_CONNECTION)
    page.evaluate(OBSERVE)
    # It lets every other request pass. One good answer is no connection yet.
    aisle.line.behave()
    aisle.line.meet("/api/v1/(?!session)", chaos.portal)
    aisle.line.meet("/api/v1/session", chaos.flapping(chaos.portal, bad=1, good=1))
    before = len(aisle.line.reached(SESSION))

    def has_flapped() -> bool:
        page.evaluate(LOOK)
        return len(aisle.line.reached(SESSION)) >= before + 3

    eventually(page, has_flapped)
    # Names lead nowhere.
    page.context.route("**/api/**", lambda route: route.abort("namenotresolved"))
    with page.expect_event("requestfailed"):
        page.evaluate(LOOK)
    assert page.evaluate("() => window.seen") == []
    page.context.unroute("**/api/**")
    # Nothing that arrived nowhere counts as sent.
    aisle.line.behave()
    aisle.line.meet("/", chaos.portal)
    edit(page, product, brand="In the hotel")
    waits(page, 1)
    assert aisle.depot.state_of(product)["version"] == 1
    aisle.line.behave()
    page.evaluate(LOOK)
    expect(connection(page)).to_have_text("Online")
    waits(page, 0)
    edited_once(aisle.depot, product, brand="In the hotel")


SESSION = "^GET /api/v1/session"
LOOK = "() => window.dispatchEvent(new Event('online'))"
OBSERVE = """() => {
  window.seen = [];
  const line = document.querySelector(".connection");
  new MutationObserver(() => window.seen.push(line.textContent)).observe(line, {
    childList: true, characterData: true, subtree: true,
  });
}"""
