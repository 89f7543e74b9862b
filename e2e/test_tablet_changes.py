"""What waits, what was sent, what needs a decision and what was refused.

A real Chromium speaks to the real server through a line that the test cuts. What a person saw is
compared with what the server wrote down.
"""

import hashlib
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Site
from e2e.shelf import (
    VAGUE,
    Shelf,
    accept,
    decided_offline,
    goes,
    item,
    looked_at,
    marks,
    offline,
    online,
    section,
    shelf,
    shown,
    start,
    synced,
    tablet,
    waits,
)
from e2e.tablets import Tablet, eventually, without_model

__all__ = ["shelf", "tablet"]


@pytest.mark.parametrize("keeps", ["mine", "theirs"])
def test_a_conflict_shows_both_values_and_either_can_stay(
    tablet: Tablet, shelf: Shelf, site: Site, keeps: str
) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    mine = decided_offline(tablet, page)
    theirs = next(one for one in shelf.categories() if one != mine)
    shelf.put(product, category=theirs)
    online(tablet, page)
    expect(page.get_by_text("1 needs your decision.")).to_be_visible()
    page.get_by_role("link", name="Decide", exact=True).click()
    contested = section(page, "Needs your decision")
    expect(contested.get_by_role("listitem")).to_have_count(1)
    expect(contested.get_by_text("Needs your decision", exact=True)).to_be_visible()
    rows = contested.get_by_role("row")
    expect(rows.nth(0)).to_contain_text(mine)
    expect(rows.nth(0)).to_contain_text("Carla")
    expect(rows.nth(1)).to_contain_text(theirs)
    expect(rows.nth(1)).to_contain_text("Ada")
    looked_at(page, f"conflict-{keeps}")
    contested.get_by_role("button", name=f"Keep {keeps}").click()
    expect(section(page, "Needs your decision")).to_have_count(0)
    expect(page.get_by_text("1 needs your decision.")).to_have_count(0)
    expect(section(page, "Sent").get_by_role("listitem").first).to_contain_text("Sent")
    waits(page, 0)
    assert shelf.product(product)["category"] == (mine if keeps == "mine" else theirs)
    assert shelf.entries(site, product)[0] == "change.conflict"
    assert shelf.entries(site, product)[-1] == "change.applied"


def test_a_category_that_went_away_is_chosen_again(
    tablet: Tablet, shelf: Shelf, site: Site
) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    gone = shelf.category(f"Short-lived {next(marks)}")
    page = tablet.page()
    start(tablet, page, 1)
    offline(tablet, page)
    item(page).get_by_role("button", name="Another category").click()
    field = page.get_by_role("combobox", name="Category")
    field.fill(gone["path"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    waits(page, 1)
    shelf.ask("DELETE", f"categories/{gone['id']}?version={gone['version']}")
    online(tablet, page)
    page.get_by_role("link", name="Decide", exact=True).click()
    refused = section(page, "Refused")
    expect(refused.get_by_text(re.compile("^Refused: ."))).to_be_visible()
    looked_at(page, "refused")
    edit = refused.get_by_role("button", name="Edit")
    edit.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    looked_at(page, "refused-edit")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(edit).to_be_focused()
    edit.click()
    right = shelf.categories()[0]
    dialog.get_by_role("combobox", name="Category").fill(right)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(section(page, "Refused")).to_have_count(0)
    expect(section(page, "Sent").get_by_role("listitem")).to_have_count(1)
    assert shelf.product(product)["category"] == right
    assert shelf.entries(site, product) == ["change.rejected", "change.applied"]


def test_what_cannot_be_done_is_discarded_only_after_a_question(
    tablet: Tablet, shelf: Shelf
) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    decided_offline(tablet, page)
    version = shelf.product(product)["version"]
    shelf.ask("DELETE", f"products/{product}?version={version}")
    online(tablet, page)
    page.get_by_role("link", name="Decide", exact=True).click()
    refused = section(page, "Refused")
    expect(refused.get_by_role("button", name="Edit")).to_have_count(0)
    discard = refused.get_by_role("button", name="Discard")
    discard.click()
    dialog = page.get_by_role("dialog", name="Discard this change?")
    expect(dialog).to_contain_text("was never carried out, and will not be")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    looked_at(page, "discard")
    dialog.get_by_role("button", name="Keep it").click()
    expect(discard).to_be_focused()
    discard.click()
    dialog.get_by_role("button", name="Discard").click()
    expect(section(page, "Refused")).to_have_count(0)
    expect(page.get_by_text("1 needs your decision.")).to_have_count(0)


def test_a_waiting_change_is_edited_or_discarded(tablet: Tablet, shelf: Shelf) -> None:
    first, second = shelf.doubts(*VAGUE[:2])
    page = tablet.page()
    start(tablet, page, 2)
    offline(tablet, page)
    accept(page).click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    kept = shown(page)
    item(page).get_by_role("button", name=re.compile("^Choose")).first.click()
    waits(page, 2)
    goes(page, "Changes")
    waiting = section(page, "On this tablet").get_by_role("listitem")
    expect(waiting).to_have_count(2)
    looked_at(page, "changes-offline")
    waiting.nth(0).get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(waiting).to_have_count(1)
    expect(page.get_by_role("heading", name="Changes")).to_be_visible()
    right = shelf.categories()[-1]
    waiting.get_by_role("button", name="Edit").click()
    page.get_by_role("dialog").get_by_role("combobox", name="Category").fill(right)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(waiting).to_contain_text(f"Corrected: {right}")
    page.reload()
    expect(waiting).to_contain_text(f"Corrected: {right}")
    online(tablet, page)
    waits(page, 0)
    filed = {one["name"]: one["category"] for one in map(shelf.product, (first, second))}
    assert filed[kept] == right
    assert sorted(map(str, filed.values())) == sorted(["None", right])


def test_the_queue_can_be_saved_to_a_file(tablet: Tablet, shelf: Shelf, tmp_path: Path) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    category = decided_offline(tablet, page)
    goes(page, "Changes")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["format"] == "shelfmark-outbox/1"
    assert hashlib.sha256(told["sealed"].encode()).hexdigest() == told["sha256"]
    (change,) = json.loads(told["sealed"])["changes"]
    assert (change["kind"], change["product"]) == ("prediction.accept", {"id": product})
    assert change["payload"]["category"] == category
    expect(page.get_by_text("It is still here, too.")).to_be_visible()
    waits(page, 1)


def test_the_report_for_support_says_nothing_about_people(tablet: Tablet, shelf: Shelf) -> None:
    shelf.doubts(VAGUE[0])
    page = tablet.page(permissions=["clipboard-read", "clipboard-write"])
    decided_offline(tablet, page)
    goes(page, "Changes")
    page.get_by_role("button", name="Copy sync report").click()
    expect(page.get_by_text("The report is copied.")).to_be_visible()
    text = page.evaluate("() => navigator.clipboard.readText()")
    report = json.loads(text)
    assert report["format"] == "shelfmark-tablet/1"
    assert report["queue"]["waiting"] == {"prediction.accept": 1}
    assert (report["net"], report["mirror"]["isComplete"]) == ("offline", True)
    assert "Carla" not in text
    assert VAGUE[0] not in text


def edited_offline(tablet: Tablet, page: Page, product: int, label: str, text: str) -> None:
    """Change a field of a product that is on the tablet, without a connection."""
    without_model(page.context)
    tablet.ready(page)
    page.goto(f"/tablet/products/{product}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    offline(tablet, page)
    page.get_by_role("link", name="Edit").click()
    page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Save").click()
    waits(page, 1)


@pytest.mark.parametrize("keeps", ["mine", "theirs"])
def test_two_values_of_a_field_are_shown_and_either_can_stay(
    tablet: Tablet, shelf: Shelf, keeps: str
) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    edited_offline(tablet, page, product, "Brand", "Korvand")
    shelf.put(product, brand="Hellweg", description="Found at the desk.")
    online(tablet, page)
    page.get_by_role("link", name="Decide", exact=True).click()
    rows = section(page, "Needs your decision").get_by_role("row")
    expect(rows.nth(0)).to_contain_text("Korvand")
    expect(rows.nth(1)).to_contain_text("Hellweg")
    page.get_by_role("button", name=f"Keep {keeps}").click()
    expect(section(page, "Needs your decision")).to_have_count(0)
    waits(page, 0)
    kept = shelf.product(product)
    assert kept["brand"] == ("Korvand" if keeps == "mine" else "Hellweg")
    assert kept["description"] == "Found at the desk."


def test_a_taken_sku_is_put_right_in_the_same_change(tablet: Tablet, shelf: Shelf) -> None:
    shelf.doubts(VAGUE[0])
    page = tablet.page()
    tablet.ready(page)
    synced(page, 1)
    page.goto("/tablet/products/new")
    taken = f"TAKEN-{next(marks)}"
    offline(tablet, page)
    page.get_by_label("Name", exact=True).fill("Bench vice 120 mm")
    page.get_by_label("SKU", exact=True).fill(taken)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("On this tablet").first.wait_for()
    shelf.ask("POST", "products", {"sku": taken, "name": "Another thing"})
    online(tablet, page)
    page.get_by_role("link", name="Decide", exact=True).click()
    refused = section(page, "Refused")
    expect(refused.get_by_text(re.compile("^Refused: .*SKU"))).to_be_visible()
    refused.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Bench vice 120 mm")
    dialog.get_by_label("SKU", exact=True).fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("A product needs an SKU.")).to_be_visible()
    expect(dialog.get_by_label("SKU", exact=True)).to_be_focused()
    looked_at(page, "refused-fields")
    dialog.get_by_label("SKU", exact=True).fill(f"{taken}-B")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(section(page, "Refused")).to_have_count(0)
    expect(section(page, "Sent").get_by_role("listitem").first).to_contain_text("Bench vice")
    eventually(
        page, lambda: [one["name"] for one in shelf.products() if one["sku"] == f"{taken}-B"] != []
    )
