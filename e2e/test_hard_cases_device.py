"""Hard cases of the device: tabs, its clock, an app that is closed, and a new version.

The server's rows and its ledger are compared with what a person did, not only an empty queue. The
numbers are those of the table in docs/tablet.md.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e import chaos
from e2e.aisle import (
    PUSH,
    Aisle,
    edit,
    edited_once,
    eventually,
    offline,
    online,
    open_product,
    waits,
    walked,
)
from e2e.depot import Depot

# Safari has none: what waits is sent while the app is open.
NO_SYNC = "delete ServiceWorkerRegistration.prototype.sync;"


@pytest.fixture(scope="module")
def aisle(depot: Depot, browser: Browser) -> Iterator[Aisle]:
    with walked(depot, browser) as aisle:
        yield aisle


@pytest.fixture(scope="module")
def shared(aisle: Aisle) -> Page:
    return aisle.tablet()


@pytest.fixture
def page(aisle: Aisle, shared: Page) -> Iterator[Page]:
    yield shared
    aisle.line.behave()
    online(shared)
    waits(shared, 0)


def test_two_tabs_send_each_change_once(aisle: Aisle, page: Page) -> None:
    """Case 06."""
    products = aisle.products(3)
    other = page.context.new_page()
    aisle.witness.watch(other)
    for product in products:
        open_product(page, product)
    open_product(other, products[0])
    offline(page)
    for product in products:
        edit(page, product, brand=f"Tabs {product}")
    waits(other, 3)
    before = len(aisle.pushed())
    # Both have seen the connection go, and both see it come back.
    page.context.set_offline(False)
    for tab in (page, other):
        waits(tab, 0)
    sent = [id for ids in aisle.pushed()[before:] for id in ids]
    assert len(sent) == len(set(sent)) == 3
    for product in products:
        edited_once(aisle.depot, product, brand=f"Tabs {product}")
    other.close()


def test_a_closed_app_sends_what_waits_when_the_connection_is_back(
    aisle: Aisle, tmp_path: Path
) -> None:
    """Case 16: the browser wakes the worker, with no page open."""
    product = aisle.product()
    context = aisle.lasting(tmp_path / "profile")
    page = aisle.adopt(context, context.pages[0], "carla")
    context.grant_permissions(["background-sync"], origin=aisle.line.origin)
    open_product(page, product)
    offline(page)
    edit(page, product, brand="Asleep")
    eventually(page, lambda: page.evaluate(TAGS) == ["outbox"])
    page.goto("about:blank")
    context.set_offline(False)
    eventually(page, lambda: aisle.depot.state_of(product)["brand"] == "Asleep")
    assert page.url == "about:blank"
    edited_once(aisle.depot, product, brand="Asleep")
    page.goto("/tablet/")
    waits(page, 0)
    edited_once(aisle.depot, product, brand="Asleep")


TAGS = "async () => (await navigator.serviceWorker.ready).sync.getTags()"


def test_without_background_sync_it_is_sent_at_the_next_start(aisle: Aisle) -> None:
    """Case 16, as it is on an iPad."""
    product = aisle.product()
    page = aisle.tablet(script=NO_SYNC)
    assert not page.evaluate("() => 'sync' in ServiceWorkerRegistration.prototype")
    open_product(page, product)
    offline(page)
    edit(page, product, brand="Awake")
    expect(page.get_by_text("Open this app again when there is a connection")).to_be_visible()
    context = page.context
    before = aisle.line.count(PUSH)
    page.close()
    context.set_offline(False)
    again = context.new_page()
    aisle.witness.watch(again)
    assert aisle.line.count(PUSH) == before
    again.goto("/tablet/")
    waits(again, 0)
    edited_once(aisle.depot, product, brand="Awake")


def test_a_new_version_takes_over_beside_a_queue_and_loses_nothing(aisle: Aisle) -> None:
    """Case 17."""
    product = aisle.product()
    page = aisle.tablet()
    open_product(page, product)
    # The server cannot take it yet, and a new version of the pages is there.
    aisle.line.meet(PUSH, chaos.unavailable)
    edit(page, product, brand="Updated")
    waits(page, 1)
    aisle.line.change(r"^/sw\.js", lambda script: script + b"\n// newer")
    page.evaluate("async () => void (await navigator.serviceWorker.ready).update()")
    expect(page.get_by_text("A new version of Shelfmark is ready.")).to_be_visible()
    before = page.evaluate(WORKER)
    with page.expect_navigation():
        page.get_by_role("button", name="Use the new version").click()
    eventually(page, lambda: page.evaluate("() => document.readyState") == "complete")
    waits(page, 1)
    assert before == "waits"
    assert page.evaluate(WORKER) == "alone"
    aisle.line.behave()
    page.reload()
    waits(page, 0)
    edited_once(aisle.depot, product, brand="Updated")


WORKER = """async () => {
  const { waiting, installing } = await navigator.serviceWorker.getRegistration();
  return waiting || installing ? "waits" : "alone";
}"""


@pytest.mark.parametrize(
    "off", [timedelta(days=2), timedelta(days=-9)], ids=["two days ahead", "nine days behind"]
)
def test_a_wrong_clock_changes_no_order_and_is_on_record(aisle: Aisle, off: timedelta) -> None:
    """Case 20."""
    products = aisle.products(3)
    # The worker's clock cannot be set, so that the page has to send.
    page = aisle.tablet(script=NO_SYNC)
    for product in products:
        open_product(page, product)
    offline(page)
    wrong = datetime.now(UTC) + off
    # Backwards, too: each change is made before the one before it, as far as this clock goes.
    for number, product in enumerate(products):
        page.clock.set_fixed_time(wrong - timedelta(hours=number))
        edit(page, product, brand=f"Clock {product}")
    began = datetime.now(UTC)
    online(page)
    waits(page, 0)
    rows = aisle.depot.rows(
        "SELECT product_id, made_at, received_at, skew_ms FROM sync_change"
        " WHERE product_id = ANY(%s) ORDER BY received_at",
        products,
    )
    assert [row[0] for row in rows] == products
    for product, made_at, received_at, skew_ms in rows:
        edited_once(aisle.depot, product, brand=f"Clock {product}")
        assert began - timedelta(minutes=1) < received_at < datetime.now(UTC)
        assert abs(made_at - wrong) < timedelta(hours=3)
        assert abs(timedelta(milliseconds=skew_ms) - off) < timedelta(hours=3)
    flagged = aisle.depot.rows(
        "SELECT convert_from(body, 'UTF8')::jsonb->'details'->>'skew_flagged' FROM ledger_entry"
        " WHERE uuid IN (SELECT id FROM sync_change WHERE product_id = ANY(%s))",
        products,
    )
    assert flagged == [("true",)] * 3
