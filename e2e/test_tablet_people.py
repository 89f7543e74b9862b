"""A tablet goes from hand to hand, and says what is on it.

A real Chromium speaks to the real server through a line that the test cuts. What a person saw is
compared with what the server wrote down.
"""

import re

from playwright.sync_api import expect

from benchmarks.instance import PICKER
from e2e.accessibility import axe
from e2e.conftest import Site
from e2e.shelf import (
    VAGUE,
    Shelf,
    accept,
    decided_offline,
    looked_at,
    offline,
    online,
    section,
    shelf,
    shown,
    start,
    tablet,
    waits,
)
from e2e.tablets import Tablet, connection, eventually

__all__ = ["shelf", "tablet"]


def test_an_expired_session_loses_nothing_and_asks_over_the_screen(
    tablet: Tablet, shelf: Shelf, site: Site
) -> None:
    products = shelf.doubts(*VAGUE[:2])
    page = tablet.page()
    start(tablet, page, 2)
    offline(tablet, page)
    page.context.clear_cookies()
    accept(page).click()
    waits(page, 1)
    open_now = shown(page)
    online(tablet, page)
    ask = page.get_by_text("Sign in to send 1 change")
    expect(ask).to_be_visible()
    # Work goes on, over the very same screen.
    assert shown(page) == open_now
    accept(page).click()
    waits(page, 2)
    expect(page.get_by_text("Sign in to send 2 changes")).to_be_visible()
    button = page.get_by_role("button", name="Sign in")
    button.click()
    sheet = page.get_by_role("dialog", name="Sign in to send 2 changes")
    looked_at(page, "sign-in")
    sheet.get_by_role("button", name="Later").click()
    expect(button).to_be_focused()
    button.click()
    sheet.get_by_label("Your name in Shelfmark").fill(PICKER)
    sheet.get_by_label("Your password").fill("not this one")
    sheet.get_by_role("button", name="Sign in").click()
    expect(sheet.get_by_role("alert")).to_contain_text("do not belong together")
    assert axe(page) == []
    tablet.lose_connection(page)
    sheet.get_by_label("Your password").fill(site.password_of(PICKER))
    sheet.get_by_role("button", name="Sign in").click()
    expect(sheet.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    tablet.find_connection(page)
    sheet.get_by_role("button", name="Sign in").click()
    expect(sheet).to_have_count(0)
    expect(page.get_by_role("heading", name="That was all")).to_be_visible()
    waits(page, 0)
    for product in products:
        assert shelf.product(product)["category_source"] == "person"
        assert shelf.entries(site, product) == ["change.applied"]


def test_two_people_share_a_tablet_and_see_only_their_own(
    tablet: Tablet, shelf: Shelf, site: Site
) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    decided_offline(tablet, page)
    leave = page.get_by_role("button", name="Sign out")
    leave.click()
    dialog = page.get_by_role("dialog", name="1 change waits on this tablet")
    expect(dialog).to_be_visible()
    looked_at(page, "sign-out")
    dialog.get_by_role("button", name="Send now").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    dialog.get_by_role("button", name="Stay").click()
    expect(leave).to_be_focused()
    leave.click()
    dialog.get_by_role("button", name="Seal for Carla").click()
    expect(
        page.get_by_text("1 change of Carla waits on this tablet until Carla signs in here.")
    ).to_be_visible()
    looked_at(page, "sealed")

    tablet.find_connection(page)
    tablet.sign_in(page, "rita")
    expect(page.get_by_text("Signed in as Rita")).to_be_visible()
    page.goto("/tablet/changes")
    waits(page, 0)
    expect(page.get_by_text(VAGUE[0])).to_have_count(0)
    expect(section(page, "On this tablet").get_by_role("listitem")).to_have_count(0)
    assert shelf.product(product)["category"] is None
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Signed in as Rita")).to_have_count(0)

    tablet.sign_in(page, PICKER)
    expect(page.get_by_text("Signed in as Carla")).to_be_visible()
    waits(page, 0)
    eventually(page, lambda: shelf.product(product)["category_source"] == "person")
    page.goto("/tablet/changes")
    expect(section(page, "Sent").get_by_role("listitem")).to_have_count(1)
    assert shelf.entries(site, product) == ["change.applied"]


def test_whoever_leaves_can_send_first(tablet: Tablet, shelf: Shelf) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    start(tablet, page, 1)
    # Sending fails for a while, although there is a connection.
    tablet.line.lose(r"/sync/push$")
    accept(page).click()
    waits(page, 1)
    page.get_by_role("button", name="Sign out").click()
    dialog = page.get_by_role("dialog", name="1 change waits on this tablet")
    tablet.line.behave()
    dialog.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("Signed in as Carla")).to_have_count(0)
    assert shelf.product(product)["category_source"] == "person"
    names = "async () => (await indexedDB.databases()).map(({ name }) => name)"
    eventually(page, lambda: not any("shelfmark-u" in one for one in page.evaluate(names)))


def test_what_is_on_the_tablet_is_said_with_numbers(tablet: Tablet, shelf: Shelf) -> None:
    shelf.doubts(VAGUE[0])
    page = tablet.page()
    tablet.ready(page)
    line = page.get_by_role("link", name="Ready for offline", exact=True)
    expect(line).to_be_visible()
    line.click()
    ready = page.get_by_role("region", name="Ready for offline", exact=True)
    expect(ready).to_be_visible()
    count = len(shelf.products())
    facts = page.locator("dl.fields")
    for name, value in {
        "Products": f"{count:,}",
        "Categories": str(len(shelf.categories())),
        "Waiting for review": "1",
        "Camera scanner": "here",
    }.items():
        row = facts.locator("div").filter(has=page.get_by_text(name, exact=True))
        expect(row.locator("dd")).to_have_text(value)
    expect(facts.get_by_text(re.compile(r"^[0-9a-f]{12}, [\d.]+ MB$"))).to_be_visible()
    looked_at(page, "ready-online")
    offline(tablet, page)
    page.reload()
    expect(ready).to_be_visible()
    looked_at(page, "ready-offline")


def test_what_is_missing_is_said_until_it_is_here(tablet: Tablet, shelf: Shelf) -> None:
    page = tablet.page()
    tablet.line.lose(r"/sync/changes")
    tablet.ready(page)
    page.goto("/tablet/ready")
    missing = page.get_by_text("the products are not all here")
    expect(missing).to_be_visible()
    expect(page.get_by_text("What is missing comes by itself")).to_be_visible()
    looked_at(page, "not-ready")
    tablet.line.behave()
    page.get_by_role("button", name="Look for what is new").click()
    expect(missing).to_have_count(0)


def test_a_clock_that_is_wrong_is_said(tablet: Tablet, shelf: Shelf) -> None:
    page = tablet.page()
    page.clock.install()
    page.clock.fast_forward("03:00:00")
    tablet.ready(page)
    expect(page.get_by_text("The clock of this tablet is 3 hours ahead.")).to_be_visible()
    assert axe(page) == []


def test_little_room_is_said(tablet: Tablet, shelf: Shelf) -> None:
    page = tablet.page()
    page.add_init_script(
        "navigator.storage.estimate = async () => ({ usage: 1e8, quota: 1.5e8 });"
        "navigator.setAppBadge = async (n) => { window.badge = n; };"
        "navigator.clearAppBadge = async () => { window.badge = 0; };"
    )
    shelf.doubts(VAGUE[0])
    decided_offline(tablet, page)
    expect(page.get_by_text("Only 50 MB are free on this tablet.")).to_be_visible()
    assert page.evaluate("window.badge") == 1
    assert axe(page) == []
    online(tablet, page)
    waits(page, 0)
    eventually(page, lambda: page.evaluate("window.badge") == 0)


def test_a_new_version_takes_over_and_what_waits_is_kept(tablet: Tablet, shelf: Shelf) -> None:
    (product,) = shelf.doubts(VAGUE[0])
    page = tablet.page()
    start(tablet, page, 1)
    tablet.line.change(r"^/sw\.js", lambda script: script + b"\n// newer")
    page.evaluate("async () => void (await navigator.serviceWorker.ready).update()")
    expect(page.get_by_text("A new version of Shelfmark is ready.")).to_be_visible()
    tablet.line.lose(r"/sync/push$")
    accept(page).click()
    waits(page, 1)
    with page.expect_navigation():
        page.get_by_role("button", name="Use the new version").click()
    expect(connection(page)).to_have_text("Online")
    waits(page, 1)
    tablet.line.behave()
    waits(page, 0)
    assert shelf.product(product)["category_source"] == "person"
