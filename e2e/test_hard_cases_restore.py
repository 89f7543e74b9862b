"""Hard case 22: the server's database is that of yesterday, and a tablet knows what is missing.

Its own file, because the depot goes back in time under every other tablet.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from e2e.aisle import (
    Aisle,
    edit,
    edited_once,
    eventually,
    offline,
    open_product,
    waits,
    walked,
)
from e2e.depot import Depot


@pytest.fixture
def aisle(depot: Depot, browser: Browser) -> Iterator[Aisle]:
    with walked(depot, browser) as aisle:
        yield aisle


def test_a_restored_database_gets_back_what_a_tablet_had_sent(aisle: Aisle) -> None:
    """Case 22."""
    depot = aisle.depot
    sent, waiting = aisle.products(2)
    page = aisle.tablet()
    for product in (sent, waiting):
        open_product(page, product)
    depot.stop()
    depot.copy("yesterday")
    aisle.restart()

    # Today: the tablet sends one change, and reads what others did.
    page.reload()
    edit(page, sent, brand="Sent today")
    waits(page, 0)
    edited_once(depot, sent, brand="Sent today")
    ghost = aisle.product(name="Ghost of today")
    page.goto("/tablet/")
    page.get_by_label("Name, SKU or barcode").fill("Ghost of today")
    expect(page.get_by_text("1 product.", exact=True)).to_be_visible()
    offline(page)
    edit(page, waiting, brand="Waited")
    waits(page, 1)

    depot.stop()
    depot.restore("yesterday")
    aisle.restart()
    assert depot.rows("SELECT 1 FROM inventory_product WHERE id = %s", ghost) == []
    assert depot.state_of(sent)["version"] == 1
    page.context.set_offline(False)
    # What waited is sent, and so is what the server has forgotten.
    eventually(page, lambda: depot.state_of(waiting)["brand"] == "Waited")
    eventually(page, lambda: depot.state_of(sent)["brand"] == "Sent today")
    for product, brand in ((sent, "Sent today"), (waiting, "Waited")):
        edited_once(depot, product, brand=brand)
    waits(page, 0)
    # And the tablet shows nothing that is not there any more.
    page.goto("/tablet/")
    page.get_by_label("Name, SKU or barcode").fill("Ghost of today")
    expect(page.get_by_text("No product matches.", exact=True)).to_be_visible()
    assert 410 in {one.status for one in aisle.line.reached("/sync/changes")}
