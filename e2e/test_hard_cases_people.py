"""Hard cases between people: who did what, in whose name it is sent, and who is right.

The server's rows and its ledger are compared with what people did, not only an empty queue. The
numbers are those of the table in docs/tablet.md.
"""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import chaos
from e2e.aisle import (
    PUSH,
    Aisle,
    changes,
    choose,
    edit,
    edited_once,
    eventually,
    offline,
    online,
    open_product,
    put,
    ready,
    section,
    stored,
    waits,
    walked,
    written,
)
from e2e.depot import Depot

HAMMERS, SAWS = "Hard cases > Hammers", "Hard cases > Saws"
FILE = """
from accounts.models import User
from inventory.actions import categorize
from lib import clock

categorize(product_id={product}, category="{category}", source="model",
           by=User.objects.get(username="admin"), now=clock.now())
"""


@pytest.fixture(scope="module")
def aisle(depot: Depot, browser: Browser) -> Iterator[Aisle]:
    for path in (HAMMERS, SAWS):
        depot.category(path)
    with walked(depot, browser) as aisle:
        yield aisle


@pytest.fixture(scope="module")
def carlas(aisle: Aisle) -> Page:
    return aisle.tablet("carla")


@pytest.fixture(scope="module")
def ritas(aisle: Aisle) -> Page:
    return aisle.tablet("rita")


@pytest.fixture
def carla(carlas: Page) -> Iterator[Page]:
    yield carlas
    online(carlas)
    waits(carlas, 0)


@pytest.fixture
def rita(ritas: Page) -> Iterator[Page]:
    yield ritas
    online(ritas)
    waits(ritas, 0)


def test_a_session_that_ended_offline_is_asked_for_over_the_screen(aisle: Aisle) -> None:
    """Case 07."""
    product = aisle.product()
    page = aisle.tablet()
    open_product(page, product)
    before = aisle.line.count(PUSH)
    offline(page)
    edit(page, product, brand="Expired")
    page.context.clear_cookies(name="sessionid")
    online(page)
    page.get_by_role("button", name="Sign in", exact=True).click()
    sheet = page.get_by_role("dialog", name="Sign in to send 1 change")
    expect(sheet).to_be_visible()
    assert aisle.line.count(PUSH) == before
    waits(page, 1)
    aisle.fill_in(sheet, "carla")
    waits(page, 0)
    expect(sheet).to_have_count(0)
    expect(page).to_have_url(f"{aisle.line.origin}/tablet/products/{product}")
    edited_once(aisle.depot, product, brand="Expired")


def test_a_token_that_is_stale_is_fetched_anew_without_a_word(aisle: Aisle, carla: Page) -> None:
    """Case 08."""
    product = aisle.product()
    open_product(carla, product)
    before = len(aisle.line.reached(PUSH))

    def stale(body: bytes) -> bytes:
        """Tell a token as it was before somebody signed in, until one was refused."""
        told = json.loads(body)
        is_refused = any(one.status == 403 for one in aisle.line.reached(PUSH)[before:])
        return json.dumps({**told, "csrf": told["csrf"] if is_refused else "x" * 64}).encode()

    aisle.line.meet("^/api/v1/session$", chaos.changed(stale))
    edit(carla, product, brand="Stale")
    waits(carla, 0)
    aisle.line.behave()
    assert [one.status for one in aisle.line.reached(PUSH)[before:]] == [403, 200]
    edited_once(aisle.depot, product, brand="Stale")


@pytest.mark.parametrize("leaves", [True, False], ids=["signs out", "just goes"])
def test_the_next_person_sends_nothing_of_the_one_before(aisle: Aisle, leaves: bool) -> None:
    """Case 10."""
    product = aisle.product()
    page = aisle.tablet("carla")
    open_product(page, product)
    offline(page)
    edit(page, product, brand="Carla's")
    if leaves:
        page.get_by_role("button", name="Sign out", exact=True).click()
        dialog = page.get_by_role("dialog", name="1 change waits on this tablet")
        dialog.get_by_role("button", name="Seal for Carla").click()
        expect(page.get_by_role("heading", name="Nobody is signed in")).to_be_visible()
    else:
        page.context.clear_cookies(name="sessionid")
        page.goto("about:blank")
    before = len(aisle.line.reached(PUSH))
    page.context.set_offline(False)
    aisle.sign_in(page, "rita")
    expect(page.get_by_text("Signed in as Rita")).to_be_visible()
    ready(page)
    waits(page, 0)
    changes(page)
    expect(page.get_by_text("Carla's")).to_have_count(0)
    open_product(page, product)
    assert len(aisle.line.reached(PUSH)) == before
    assert aisle.depot.state_of(product)["version"] == 1
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_text("1 change of Carla waits on this tablet")).to_be_visible()

    aisle.sign_in(page, "carla")
    eventually(page, lambda: aisle.depot.state_of(product)["brand"] == "Carla's")
    waits(page, 0)
    edited_once(aisle.depot, product, brand="Carla's", by="carla")


@pytest.mark.parametrize("keeps", ["mine", "theirs"])
def test_two_people_who_disagree_are_asked_and_both_are_on_record(
    aisle: Aisle, carla: Page, rita: Page, keeps: str
) -> None:
    """Case 11."""
    depot, product = aisle.depot, aisle.product()
    for page in (carla, rita):
        open_product(page, product)
        offline(page)
    put(carla, product, HAMMERS)
    put(rita, product, SAWS)
    online(carla)
    waits(carla, 0)
    online(rita)
    changes(rita)
    conflict = section(rita, "Needs your decision")
    for told in (HAMMERS, SAWS, "Carla", "Rita"):
        expect(conflict.get_by_text(told).first).to_be_visible()
    # The first stays, and both are on record.
    assert depot.state_of(product)["category"] == HAMMERS
    assert [row[1:5] for row in depot.changes(product)] == [
        ("product.categorize", "applied", "", "carla"),
        ("product.categorize", "conflict", "human_conflict", "rita"),
    ]
    conflict.get_by_role("button", name=f"Keep {keeps}", exact=True).click()
    expect(conflict).to_have_count(0)
    waits(rita, 0)
    wins = keeps == "mine"
    state = depot.state_of(product)
    assert (state["category"], state["version"]) == ((SAWS, 3) if wins else (HAMMERS, 2))
    settled = depot.rows(
        "SELECT r.kind FROM sync_change c JOIN sync_change r ON r.resolves_id = c.id"
        " WHERE c.product_id = %s",
        product,
    )
    assert settled == [("product.categorize" if wins else "conflict.dismiss",)]
    entries = written(depot, product)
    assert entries["change.conflict", "rita"] == 1
    assert entries["change.applied", "carla"] == 1
    assert entries["change.applied", "rita"] == 1
    assert entries["product.categorized", "rita"] + entries["product.updated", "rita"] == int(wins)


def test_two_people_who_agree_are_not_asked(aisle: Aisle, carla: Page, rita: Page) -> None:
    """Case 12."""
    depot, product = aisle.depot, aisle.product()
    for page in (carla, rita):
        open_product(page, product)
        offline(page)
        put(page, product, HAMMERS)
    for page in (carla, rita):
        online(page)
        waits(page, 0)
    changes(rita)
    expect(section(rita, "Needs your decision")).to_have_count(0)
    assert depot.state_of(product)["version"] == 2
    assert [row[2:5] for row in depot.changes(product)] == [
        ("applied", "", "carla"),
        ("applied", "", "rita"),
    ]
    told = written(depot, product)
    assert told["change.applied", "carla"] == told["change.applied", "rita"] == 1


def test_a_person_wins_over_a_model(aisle: Aisle, carla: Page) -> None:
    """Case 13."""
    depot, product = aisle.depot, aisle.product()
    open_product(carla, product)
    offline(carla)
    put(carla, product, HAMMERS)
    told = FILE.format(product=product, category=SAWS)
    depot.home.manage("shell", "--verbosity=0", "-c", told)
    assert depot.state_of(product)["category"] == SAWS
    online(carla)
    waits(carla, 0)
    state = depot.state_of(product)
    assert (state["category"], state["category_source"]) == (HAMMERS, "person")
    rebased = "SELECT result->'rebased' FROM sync_change WHERE product_id = %s"
    assert depot.rows(rebased, product) == [(True,)]
    assert written(depot, product)["change.applied", "carla"] == 1
    changes(carla)
    expect(section(carla, "Needs your decision")).to_have_count(0)


def test_what_cannot_be_done_is_kept_and_holds_up_nothing_else(aisle: Aisle, carla: Page) -> None:
    """Case 14."""
    depot, products = aisle.depot, aisle.products(3)
    for product in products:
        open_product(carla, product)
    offline(carla)
    first, poisoned, last = products
    edit(carla, first, brand="Before")
    edit(carla, poisoned, sku="TAKEN")
    edit(carla, last, brand="After")
    aisle.product(sku="TAKEN")
    online(carla)
    waits(carla, 0)
    edited_once(depot, first, brand="Before")
    edited_once(depot, last, brand="After")
    assert depot.state_of(poisoned)["version"] == 1
    assert [row[2:4] for row in depot.changes(poisoned)] == [("rejected", "sku_taken")]
    assert written(depot, poisoned) == {
        ("product.created", "admin"): 1,
        ("change.rejected", "carla"): 1,
    }
    changes(carla)
    refused = section(carla, "Refused")
    expect(refused.get_by_text("Another product has the SKU “TAKEN”").first).to_be_visible()
    refused.get_by_role("button", name="Discard", exact=True).click()
    carla.get_by_role("dialog").get_by_role("button", name="Discard", exact=True).click()
    expect(refused).to_have_count(0)


def test_what_follows_a_conflict_waits_and_everything_else_goes_on(
    aisle: Aisle, carla: Page, rita: Page
) -> None:
    """Case 15."""
    depot = aisle.depot
    product, other = aisle.products(2)
    for page in (carla, rita):
        for one in (product, other):
            open_product(page, one)
    offline(rita)
    put(carla, product, HAMMERS)
    waits(carla, 0)
    put(rita, product, SAWS)
    edit(rita, product, brand="Held")
    edit(rita, other, brand="Free")
    online(rita)
    waits(rita, 1)
    changes(rita)
    conflict = section(rita, "Needs your decision")
    expect(conflict).to_be_visible()
    edited_once(depot, other, brand="Free", by="rita")
    assert depot.state_of(product)["brand"] == ""
    conflict.get_by_role("button", name="Keep theirs", exact=True).click()
    waits(rita, 0)
    state = depot.state_of(product)
    assert (state["brand"], state["category"]) == ("Held", HAMMERS)
    assert [row[1:3] for row in depot.changes(product) if row[4] == "rita"] == [
        ("product.categorize", "conflict"),
        ("conflict.dismiss", "applied"),
        ("product.edit", "applied"),
    ]


def test_a_category_that_went_away_is_chosen_again_in_a_change_of_its_own(
    aisle: Aisle, carla: Page
) -> None:
    """Case 27."""
    depot, product = aisle.depot, aisle.product()
    retired = depot.category("Hard cases > Retired")
    open_product(carla, product)
    carla.reload()
    eventually(carla, lambda: stored(carla, "categories", path="Hard cases > Retired") != [])
    offline(carla)
    put(carla, product, "Hard cases > Retired")
    depot.ask("DELETE", f"categories/{retired}")
    online(carla)
    waits(carla, 0)
    changes(carla)
    refused = section(carla, "Refused")
    expect(refused).to_be_visible()
    assert depot.state_of(product)["category"] is None
    refused.get_by_role("button", name="Edit", exact=True).click()
    choose(carla.get_by_role("dialog"), SAWS)
    expect(refused).to_have_count(0)
    waits(carla, 0)
    state = depot.state_of(product)
    assert (state["category"], state["version"]) == (SAWS, 2)
    rows = depot.rows(
        "SELECT id, status, code, resolves_id FROM sync_change WHERE product_id = %s"
        " ORDER BY received_at",
        product,
    )
    assert [row[1:3] for row in rows] == [("rejected", "unknown_category"), ("applied", "")]
    assert rows[1][3] == rows[0][0] != rows[1][0]
    told = written(depot, product)
    assert told["change.rejected", "carla"] == told["change.applied", "carla"] == 1
