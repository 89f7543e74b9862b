"""What a person answers on a tablet without a connection.

A real Chromium speaks to the real server through a line that the test cuts. What a person saw is
compared with what the server wrote down.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.accessibility import axe
from e2e.conftest import Site, picture
from e2e.shelf import (
    VAGUE,
    Shelf,
    accept,
    goes,
    item,
    looked_at,
    offered,
    offline,
    online,
    places,
    section,
    shelf,
    shown,
    start,
    tablet,
    waits,
)
from e2e.tablets import NO_CONNECTION, Tablet, connection

__all__ = ["shelf", "tablet"]


def test_a_review_goes_on_without_a_connection_and_each_decision_arrives(
    tablet: Tablet, shelf: Shelf, site: Site
) -> None:
    products = shelf.doubts(*VAGUE)
    page = tablet.page()
    start(tablet, page, 4)
    expect(page.get_by_text("1 of 4")).to_be_visible()
    expect(item(page).locator(".reasons").first).to_contain_text("Why: ")
    looked_at(page, "review-online")
    offline(tablet, page)
    page.reload()
    expect(connection(page)).to_have_text(NO_CONNECTION)
    # The model on the tablet is the one that answered, so that it can say why.
    expect(item(page).locator(".reasons").first).to_contain_text("Why: ")
    looked_at(page, "review-offline")

    order: list[str] = []
    wanted: dict[str, str] = {}
    for place, button in ((0, "Accept"), (1, re.compile("^Choose"))):
        name = shown(page)
        order.append(name)
        wanted[name] = offered(page, place)
        item(page).get_by_role("button", name=button).first.click()
        expect(item(page).get_by_role("heading", level=2)).not_to_have_text(name)
        expect(item(page).get_by_role("heading", level=2)).to_be_focused()
        expect(page.get_by_text(f"{name}: {wanted[name]}.")).to_be_visible()
        expect(page.locator(".last").get_by_text("On this tablet")).to_be_visible()
    expect(page.get_by_text("3 of 4")).to_be_visible()
    skipped = shown(page)
    item(page).get_by_role("button", name="Skip").click()
    expect(page.get_by_text(f"Skipped: {skipped}.")).to_be_visible()
    corrected = shown(page)
    item(page).get_by_role("button", name="Another category").click()
    field = page.get_by_role("combobox", name="Category")
    expect(field).to_be_focused()
    right = shelf.categories()[-1]
    field.fill(right)
    assert axe(page) == []
    picture(page, "tablet-care-review-another")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="That was all")).to_be_focused()
    looked_at(page, "review-empty")
    waits(page, 4)
    page.reload()
    expect(page.get_by_role("heading", name="Nothing waits for a person")).to_be_visible()
    assert [shelf.product(one)["category"] for one in products] == [None] * 4

    online(tablet, page)
    waits(page, 0)
    filed = {one["name"]: one for one in map(shelf.product, products)}
    for name, category in {**wanted, corrected: right}.items():
        assert (filed[name]["category"], filed[name]["category_source"]) == (category, "person")
        assert shelf.entries(site, filed[name]["id"]) == ["change.applied"]
    assert filed[skipped]["category"] is None
    goes(page, "Changes")
    sent = section(page, "Sent").get_by_role("listitem")
    expect(sent).to_have_count(4)
    looked_at(page, "changes-sent")
    # A skip is this person's alone.
    left = [one["product"]["name"] for one in shelf.ask("GET", "reviews/queue")["results"]]
    assert left == [skipped]
    expect(places(page).get_by_role("link", name="Review", exact=True)).to_be_visible()


def test_the_last_decision_can_be_taken_back_while_it_is_here(
    tablet: Tablet, shelf: Shelf, site: Site
) -> None:
    products = shelf.doubts(*VAGUE[:2])
    page = tablet.page()
    start(tablet, page, 2)
    offline(tablet, page)
    name = shown(page)
    accept(page).click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 of 2")).to_be_visible()
    assert shown(page) == name
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    waits(page, 0)
    online(tablet, page)
    accept(page).click()
    expect(page.locator(".last").get_by_text("Sent")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    entries = [shelf.entries(site, one) for one in products]
    assert sorted(entries) == [[], ["change.applied"]]


def test_keys_answer_and_a_scanner_does_not(tablet: Tablet, shelf: Shelf) -> None:
    shelf.doubts(*VAGUE[:3])
    page = tablet.page()
    start(tablet, page, 3)
    offline(tablet, page)
    name = shown(page)
    second = offered(page, 1)
    page.keyboard.press("2")
    expect(page.get_by_text(f"{name}: {second}.")).to_be_visible()
    waits(page, 1)
    page.get_by_label("Answer with the keys 1, 2 and 3").uncheck()
    page.keyboard.press("1")
    page.get_by_label("Answer with the keys 1, 2 and 3").check()
    # Nothing came of the key before: the next one decides about the second product.
    expect(page.get_by_text("2 of 3")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("3 of 3")).to_be_visible()
    waits(page, 2)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_read_it_in_the_dark_and_in_the_light(
    tablet: Tablet, shelf: Shelf, colours: str
) -> None:
    shelf.doubts(*VAGUE[:2])
    page = tablet.page(color_scheme=colours)
    start(tablet, page, 2)
    screens: dict[str, Callable[[], Any]] = {
        "review": lambda: expect(accept(page)).to_be_visible(),
        "changes": lambda: expect(section(page, "Sent")).to_be_visible(),
        "ready": lambda: expect(page.locator("dl.fields")).to_be_visible(),
    }
    for is_online in (True, False):
        if not is_online:
            offline(tablet, page)
            page.goto("/tablet/review")
            accept(page).click()
            waits(page, 1)
        for name, is_there in screens.items():
            page.goto(f"/tablet/{name}")
            is_there()
            looked_at(page, f"{name}-{colours}-{'on' if is_online else 'off'}line")
