"""What waits on a tablet: reviewing without a connection, the sync centre, and handing it over.

A real Chromium speaks to the real server through a line that the test cuts. What a person saw is
compared with what the server wrote down.
"""

import hashlib
import itertools
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.instance import PICKER
from benchmarks.load import LOOPBACK
from e2e.accessibility import axe
from e2e.conftest import PATIENCE_MS, SIZES, Site, picture
from e2e.line import Line
from e2e.scene import stock
from e2e.test_tablet import NO_CONNECTION, SMALL, Tablet, connection, eventually

expect.set_options(timeout=PATIENCE_MS)

# What Chromium itself says when the server refuses or is away; everything else is a fault of ours.
EXPECTED = re.compile(
    r"Failed to load resource: .*(net::ERR_|status of (401|429))|An unknown error occ"
)
FORMS = {**SIZES, "landscape": (1180, 820)}
# Nothing in these says what they are, so that no model is sure of them.
VAGUE = ("Assorted set, large", "Replacement part, black", "Starter kit", "Set of ten, red")
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
_marks = itertools.count(1)


@dataclass
class Shelf:
    """What the server holds, asked past every line, and what others do there meanwhile."""

    port: int
    token: str

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.port}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def product(self, id: int) -> Any:
        return self.ask("GET", f"products/{id}")

    def put(self, id: int, **fields: Any) -> None:
        """Change a product as somebody else does at a desk."""
        version = self.product(id)["version"]
        self.ask("PATCH", f"products/{id}", {**fields, "version": version})

    def doubts(self, *names: str) -> list[int]:
        """Add products that wait for a person; nothing else waits afterwards."""
        while waiting := self.ask("GET", "reviews/queue?limit=100")["results"]:
            for one in waiting:
                receipt = one["prediction"]["id"]
                self.ask(
                    "POST", f"predictions/{receipt}/review", {"category": self.categories()[0]}
                )
        products = []
        for name in names:
            sku = f"CARE-{next(_marks):04}"
            products.append(
                self.ask("POST", "products", {"sku": sku, "name": f"{name} {sku}"})["id"]
            )
            assert self.ask("GET", f"products/{products[-1]}/prediction")["needs_review"]
        return products

    def products(self) -> list[Any]:
        found, path = [], "products?limit=100"
        while path:
            page = self.ask("GET", path)
            found += page["results"]
            path = (page["next"] or "").rpartition("/api/v1/")[2]
        return found

    def categories(self) -> list[str]:
        return [one["path"] for one in self.ask("GET", "categories?limit=1000")["results"]]

    def category(self, name: str) -> Any:
        """Add a category of one level."""
        return self.ask("POST", "categories", {"name": name, "parent": None})

    def entries(self, site: Site, product: int) -> list[str]:
        """Return the kinds of the ledger's entries about what tablets did to a product."""
        script = (
            "from ledger.models import Entry;"
            f"print(*Entry.objects.filter(subject='product:{product}', kind__startswith='change.')"
            ".order_by('id').values_list('kind', flat=True))"
        )
        return site.home.manage("shell", "--verbosity=0", "-c", script).split()


@pytest.fixture
def tablet(site: Site, browser: Browser) -> Iterator[Tablet]:
    line = Line(int(site.origin.rpartition(":")[2]))
    tablet = Tablet(line, site, browser)
    yield tablet
    for context in tablet.contexts:
        context.close()
    line.close()
    assert [error for error in tablet.witness.errors if not EXPECTED.search(error)] == []
    assert tablet.witness.foreign == []


@pytest.fixture
def shelf(site: Site) -> Shelf:
    stock(site)
    port = int(site.origin.rpartition(":")[2])
    return Shelf(port, site.home.create_token("admin"))


def places(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Shelfmark")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def item(page: Page) -> Locator:
    return page.locator("section.item")


def accept(page: Page) -> Locator:
    return item(page).get_by_role("button", name="Accept", exact=True)


def shown(page: Page) -> str:
    """Return the name of the product that is reviewed now."""
    expect(item(page)).to_be_visible()
    return item(page).get_by_role("heading", level=2).inner_text()


def offered(page: Page, place: int) -> str:
    return item(page).locator(".offer .category").nth(place).inner_text()


def synced(page: Page, count: int) -> None:
    """Wait until the queue of reviews is on the tablet."""
    expect(places(page).get_by_role("link", name=f"Review ({count})", exact=True)).to_be_visible()


def waits(page: Page, count: int) -> None:
    name = f"Changes ({count} waiting)" if count else "Changes"
    expect(places(page).get_by_role("link", name=name, exact=True)).to_be_visible()


def goes(page: Page, name: str) -> None:
    places(page).get_by_role("link", name=re.compile(f"^{name}")).click()


def offline(tablet: Tablet, page: Page) -> None:
    tablet.lose_connection(page)
    expect(connection(page)).to_have_text(NO_CONNECTION)


def online(tablet: Tablet, page: Page) -> None:
    tablet.find_connection(page)
    expect(connection(page)).to_have_text("Online")


def looked_at(page: Page, name: str) -> None:
    """Check the screen in every form, and keep a picture of each."""
    before = page.viewport_size
    for form, (width, height) in FORMS.items():
        page.set_viewport_size({"width": width, "height": height})
        assert axe(page) == []
        assert page.evaluate(SMALL) == []
        assert page.evaluate(OVERFLOW) <= 0
        picture(page, f"tablet-care-{name}-{form}")
    assert before is not None
    page.set_viewport_size(before)


def start(tablet: Tablet, page: Page, count: int, username: str = PICKER) -> None:
    tablet.ready(page, username)
    synced(page, count)
    page.goto("/tablet/review")
    expect(accept(page)).to_be_visible()


def decided_offline(tablet: Tablet, page: Page, count: int = 1) -> str:
    """Lose the connection and accept the first suggestion; return its category."""
    start(tablet, page, count)
    offline(tablet, page)
    category = offered(page, 0)
    accept(page).click()
    waits(page, 1)
    return category


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
    gone = shelf.category(f"Short-lived {next(_marks)}")
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


def edited_offline(tablet: Tablet, page: Page, product: int, label: str, text: str) -> None:
    """Change a field of a product that is on the tablet, without a connection."""
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
    taken = f"TAKEN-{next(_marks)}"
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
