"""The audit desk with what does not fit on one line: read at a desk and on a tablet."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.accessibility import axe
from e2e.conftest import SIZES, Site, picture
from e2e.scene import add_product, get, overflow, resize, send, sign_in, small_targets, stock

LONG = "Vorschlaghammerstielbefestigungskeilschraubensicherungsblech" * 3
RECEIPTS = "/admin/predictions/prediction/"
SEAL = "from ledger import actions; from lib import clock; actions.seal(now=clock.now())"


@pytest.fixture(scope="module")
def long_receipt(site: Site, browser: object) -> dict[str, str]:
    return {}


def make(page: Page, site: Site, known: dict[str, str]) -> str:
    """Ask about a product whose words never end, say a lot about it, and seal the log."""
    if "id" not in known:
        stock(site)
        sign_in(page, site, "carla")
        product = add_product(page, LONG, description=f"{LONG} " * 40, brand="W" * 100)
        known["id"] = get(page, f"products/{product['id']}/prediction")["receipt_id"]
        send(
            page, "POST", f"predictions/{known['id']}/review",
            {"category": "Paint > Brushes and rollers", "note": LONG * 5},
        )  # fmt: skip
        site.home.manage("shell", "--verbosity=0", "-c", SEAL)
        page.context.clear_cookies()
    return known["id"]


def faults(page: Page, name: str) -> list[str]:
    picture(page, f"audit-{name}")
    found = axe(page) + small_targets(page)
    if pixels := overflow(page):
        found.append(f"{pixels} pixels stand out to the right")
    return found


@pytest.mark.parametrize("size", SIZES)
def test_long_words_break_nothing(
    page: Page, site: Site, long_receipt: dict[str, str], size: str
) -> None:
    receipt = make(page, site, long_receipt)
    resize(page, size)
    sign_in(page, site, "dora")
    page.goto(f"{RECEIPTS}{receipt}/change/")
    expect(page.get_by_text("The proof leads from these bytes")).to_be_visible()
    found = {"receipt": faults(page, f"receipt-{size}")}
    page.get_by_role("link", name="Show what was live then").click()
    expect(page.get_by_role("heading", name="What was deployed at")).to_be_visible()
    found["live"] = faults(page, f"live-{size}")
    page.goto(f"/admin/ledger/entry/?subject={receipt}")
    page.get_by_role("link", name=re.compile("^20")).first.click()
    expect(page.get_by_role("heading", name="What is kept apart from the log")).to_be_visible()
    found["entry"] = faults(page, f"entry-{size}")
    page.get_by_role("navigation", name="Audit desk").get_by_role(
        "link", name="State of the log"
    ).click()
    expect(page.get_by_role("heading", name="The last checkpoint")).to_be_visible()
    page.get_by_text("The numbers as a table").click()
    found["log"] = faults(page, f"log-{size}")
    assert found == {"receipt": [], "live": [], "entry": [], "log": []}


def test_a_moment_is_asked_for_and_a_checkpoint_taken_along(
    page: Page, site: Site, long_receipt: dict[str, str]
) -> None:
    make(page, site, long_receipt)
    sign_in(page, site, "dora")
    page.goto("/admin/")
    page.get_by_role("link", name="What was live at another moment").click()
    page.get_by_label("Moment (UTC)").fill("2026-01-01T00:00:00")
    page.get_by_role("button", name="Show what was live").click()
    expect(page.get_by_text("Nothing was deployed.")).to_have_count(3)
    page.goto("/admin/ledger/entry/status/")
    note = page.get_by_role("group", name="The signed note").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the checkpoint as a file").click()
    assert download.value.path().read_text() == note
