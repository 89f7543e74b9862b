"""The tablet, with a connection, without one, and with one that is worse than none.

A real Chromium speaks to the real server through a line that the test slows down or cuts
(e2e/line.py). What a person saw is compared with what the server wrote down.
"""

import json
import re

import pytest
from playwright.sync_api import expect

from benchmarks.instance import PICKER
from e2e.accessibility import axe
from e2e.conftest import SIZES, picture
from e2e.tablets import (
    CACHES,
    NO_CONNECTION,
    PREDICTION,
    SMALL,
    Catalogue,
    Tablet,
    banner,
    catalogue,
    connection,
    eventually,
    open_product,
    reanalyze,
    receipt,
    tablet,
    taxonomy,
)
from tools.console import ROOT

__all__ = ["catalogue", "tablet", "taxonomy"]


def test_the_scene_of_a_tablet_that_loses_its_connection(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    tablet.ready(page)
    first = open_product(page, product)
    expect(banner(page)).to_have_count(0)
    assert catalogue.receipts(product) == [first]

    tablet.lose_connection(page)
    page.reload()
    expect(page.get_by_role("heading", name="Claw hammer")).to_be_visible()
    expect(banner(page)).to_be_visible()
    assert receipt(page) == first
    expect(connection(page)).to_have_text(NO_CONNECTION)
    expect(page.get_by_text("Signed in as Carla, last seen online")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_be_enabled()
    picture(page, "tablet-offline")

    reanalyze(page).click()
    expect(page.get_by_text("The server could not be asked again.")).to_be_visible()
    assert receipt(page) == first
    expect(banner(page)).to_be_visible()

    tablet.find_connection(page)
    expect(connection(page)).to_have_text("Online")
    reanalyze(page).click()
    second = receipt(page, other_than=first)
    expect(banner(page)).to_have_count(0)
    assert catalogue.receipts(product) == [second, first]


def test_a_slow_line_is_answered_from_the_cache_and_then_spared(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    tablet.ready(page)
    first = open_product(page, product)
    tablet.line.slow(PREDICTION, 30)
    for _ in range(2):
        with page.expect_response(lambda answer: answer.url.endswith("/prediction")) as told:
            page.reload()
        headers = told.value.headers
        assert headers["x-from-sw-cache"] == "1"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", headers["x-sw-cached-at"])
        assert "x-sw-person" not in headers
        expect(banner(page)).to_be_visible()
        expect(connection(page)).to_have_text("Connected, but slow")
        assert receipt(page) == first
    asked = tablet.line.count(PREDICTION)
    with page.expect_response(lambda answer: answer.url.endswith("/prediction")):
        page.reload()
    expect(banner(page)).to_be_visible()
    assert tablet.line.count(PREDICTION) == asked
    # Who asks again wants to wait, and is told when it was in vain.
    reanalyze(page).click()
    expect(page.get_by_text("The server could not be asked again.")).to_be_visible()
    assert tablet.line.count(PREDICTION) == asked + 1
    picture(page, "tablet-slow")

    tablet.line.behave()
    with page.expect_response(lambda answer: answer.url.endswith("/prediction")):
        reanalyze(page).click()
    expect(banner(page)).to_have_count(0)
    # What waited on the line was answered, too: later, and seen by nobody.
    assert receipt(page, other_than=first) in catalogue.receipts(product)


@pytest.mark.parametrize("leaves", [True, False], ids=["signs out", "just goes"])
def test_the_next_person_sees_nothing_of_the_one_before(
    tablet: Tablet, catalogue: Catalogue, leaves: bool
) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    tablet.ready(page)
    open_product(page, product)
    expect(page.get_by_text("Spoke for it")).to_be_visible()
    kept = {one["name"] for one in page.evaluate(CACHES)}
    assert {"predictions", "explanations"} <= kept
    if leaves:
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Nobody is signed in")).to_be_visible()
        assert "shelfmark-u" not in str(page.evaluate("async () => await indexedDB.databases()"))

    tablet.sign_in(page, "rita")
    expect(page.get_by_text("Signed in as Rita")).to_be_visible()
    kept = {one["name"] for one in page.evaluate(CACHES)}
    assert not {"predictions", "explanations"} & kept
    tablet.lose_connection(page)
    page.goto("/tablet/")
    # The catalogue is everybody's; what somebody looked at is theirs.
    expect(page.get_by_role("heading", name="Find a product")).to_be_visible()
    expect(page.get_by_text("Last opened on this tablet")).to_have_count(0)
    page.goto(f"/tablet/products/{product}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text(re.compile("^Asking for"))).to_have_count(0)
    expect(page.locator("[data-receipt]")).to_have_count(0)
    expect(banner(page)).to_have_count(0)


def test_an_expired_session_asks_for_a_sign_in_and_work_goes_on(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    tablet.ready(page)
    open_product(page, product)
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Claw hammer")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(banner(page)).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    status = page.get_by_role("status")
    expect(status.filter(has_text=re.compile("^Accepted: .* kept on this tablet"))).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Sign in").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Your name in Shelfmark").fill(PICKER)
    sheet.get_by_label("Your password").fill(tablet.site.password_of(PICKER))
    sheet.get_by_role("button", name="Sign in").click()
    expect(status.filter(has_text=re.compile("^Sent"))).to_be_visible()
    assert catalogue.get(f"products/{product}")["category_source"] == "person"


def test_a_new_version_waits_until_somebody_agrees(tablet: Tablet, catalogue: Catalogue) -> None:
    page = tablet.page()
    tablet.ready(page)
    tablet.line.change(r"^/sw\.js", lambda script: script + b"\n// newer")
    page.reload()
    prompt = page.get_by_text("A new version of Shelfmark is ready.")
    expect(prompt).to_be_visible()
    waiting = "async () => (await navigator.serviceWorker.getRegistration()).waiting !== null"
    assert page.evaluate(waiting)
    assert axe(page) == []
    picture(page, "tablet-update")
    # Nobody agreed: the old one goes on, also after another start.
    page.reload()
    expect(prompt).to_be_visible()
    assert page.evaluate(waiting)
    with page.expect_navigation():
        page.get_by_role("button", name="Use the new version").click()
    expect(connection(page)).to_have_text("Online")
    assert not page.evaluate(waiting)
    expect(prompt).to_have_count(0)


def test_no_page_of_the_desk_no_session_and_no_write_is_kept(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    open_product(page, catalogue.ids[0])
    for address in ("/", "/products", f"/products/{catalogue.ids[0]}", "/review", "/api/docs/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    kept = page.evaluate(CACHES)
    pages = {one["url"] for one in kept if "html" in one["type"]}
    assert pages == {"/tablet/", "/offline"}
    others = {one["url"] for one in kept} - pages
    strange = [
        url
        for url in others
        if not re.match(
            r"/static/|/api/v1/products/\d+/prediction$|/api/v1/predictions/[\w-]+/explanation$",
            url,
        )
    ]
    assert strange == []
    assert {one["method"] for one in kept} == {"GET"}


def test_a_page_of_the_desk_says_that_there_is_no_connection(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    tablet.lose_connection(page)
    page.goto("/products")
    expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()
    assert axe(page) == []
    picture(page, "tablet-no-desk")
    page.get_by_role("link", name="Open the tablet pages").click()
    expect(page.get_by_role("heading", name="Find a product")).to_be_visible()


def test_a_newer_model_drives_out_the_answers_of_the_older_one(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    first, second = catalogue.ids
    page = tablet.page()
    tablet.ready(page)
    open_product(page, first)
    kept = f"/api/v1/products/{first}/prediction"
    assert kept in {one["url"] for one in page.evaluate(CACHES)}

    def newer(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "model": "f" * 64}).encode()

    tablet.line.change(PREDICTION, newer)
    open_product(page, second)
    expect(page.get_by_text("ffffffffffff")).to_be_visible()
    eventually(page, lambda: kept not in {one["url"] for one in page.evaluate(CACHES)})
    assert f"/api/v1/products/{second}/prediction" in {one["url"] for one in page.evaluate(CACHES)}


def test_a_decision_whose_answer_is_lost_counts_once(tablet: Tablet, catalogue: Catalogue) -> None:
    product = catalogue.ids[0]
    page = tablet.page()
    tablet.ready(page)
    shown = open_product(page, product)
    status = page.get_by_role("status")
    tablet.line.lose(r"/sync/push$")
    page.get_by_role("button", name="Accept").click()
    expect(status.filter(has_text=re.compile("^Accepted: .* kept on this tablet"))).to_be_visible()
    eventually(page, lambda: tablet.line.count(r"^POST .*/sync/push$") >= 1)
    # The answer never comes, and the page is left and opened again.
    page.reload()
    expect(status.filter(has_text="On this tablet").first).to_be_visible()
    assert axe(page) == []
    tablet.line.behave()
    expect(status.filter(has_text=re.compile("^Sent"))).to_be_visible()
    expect(page.get_by_text("A person put it there.")).to_be_visible()
    assert tablet.line.count(r"^POST .*/sync/push$") >= 2
    script = (
        "from predictions.models import Review;"
        f"print(Review.objects.filter(prediction_id='{shown}').count())"
    )
    assert tablet.site.home.manage("shell", "--verbosity=0", "-c", script).strip() == "1"
    assert catalogue.get(f"products/{product}")["category_source"] == "person"


def test_a_picker_says_which_category_is_right(
    tablet: Tablet, catalogue: Catalogue, taxonomy: list[str]
) -> None:
    product, right = catalogue.ids[1], taxonomy[0]
    page = tablet.page()
    # Tall: a picture of a longer page scrolls it, under the finger of whoever taps next.
    page.set_viewport_size({"width": 1280, "height": 1600})
    tablet.ready(page)
    open_product(page, product)
    page.get_by_role("button", name="Another category").click()
    field = page.get_by_role("combobox", name="Category")
    expect(field).to_be_focused()
    field.fill(right.rpartition(" > ")[2])
    choice = page.get_by_role("option", name=right, exact=True)
    expect(choice).to_be_visible()
    assert axe(page) == []
    picture(page, "tablet-correct")
    choice.click()
    said = page.get_by_role("status").filter(has_text=f"Corrected: {right}")
    expect(said.first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile("^Sent"))).to_be_visible()
    assert catalogue.get(f"products/{product}")["category"] == right


def test_a_code_opens_its_product_with_the_keyboard_alone(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    heading = page.get_by_role("heading", name="Find a product")
    expect(heading).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name, SKU or barcode")).to_be_focused()
    # As a person types; what comes faster is a scanner.
    page.keyboard.type(catalogue.skus[0].lower(), delay=120)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Claw hammer")).to_be_focused()
    first = receipt(page)
    for _ in range(10):
        if reanalyze(page).evaluate("(one) => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(reanalyze(page)).to_be_focused()
    page.keyboard.press("Enter")
    receipt(page, other_than=first)
    page.go_back()
    expect(heading).to_be_focused()
    # Back where one was: with what was looked for.
    field = page.get_by_label("Name, SKU or barcode")
    expect(field).to_have_value(catalogue.skus[0].lower())
    field.fill("")
    opened = page.get_by_role("list", name="Last opened")
    expect(opened.get_by_role("link", name=catalogue.skus[0])).to_be_visible()


def test_what_is_on_the_tablet_is_found_without_a_connection(
    tablet: Tablet, catalogue: Catalogue
) -> None:
    page = tablet.page()
    tablet.ready(page)
    search = page.get_by_label("Name, SKU or barcode")
    search.fill("korvand")
    expect(page.get_by_role("link", name=catalogue.skus[0])).to_be_visible()
    tablet.lose_connection(page)
    page.reload()
    expect(connection(page)).to_have_text(NO_CONNECTION)
    search.fill(f"HAMMER {catalogue.skus[0]}")
    expect(page.get_by_role("status").filter(has_text=re.compile("^1 product"))).to_be_visible()
    assert axe(page) == []
    picture(page, "tablet-search-offline")
    search.fill(catalogue.skus[1])
    search.press("Enter")
    expect(page.get_by_role("heading", name="Desk pad")).to_be_visible()
    # No server has said where it belongs, so that the tablet does, as soon as it has a model.
    expect(
        page.get_by_text(re.compile("^(There is no suggestion on|Provisional, on) this tablet"))
    ).to_be_visible()


def test_gloves_are_enough(tablet: Tablet, catalogue: Catalogue) -> None:
    width, height = SIZES["tablet"]
    page = tablet.page(has_touch=True)
    page.set_viewport_size({"width": width, "height": height})
    tablet.ready(page)
    page.get_by_label("Name, SKU or barcode").tap()
    # As a person types; what comes faster is a scanner.
    page.keyboard.type(catalogue.skus[0], delay=120)
    assert page.evaluate(SMALL) == []
    page.get_by_role("link", name="Claw hammer").tap()
    receipt(page)
    page.get_by_role("button", name="Another category").tap()
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.evaluate(SMALL) == []
    page.get_by_role("button", name="Another category").tap()
    page.get_by_role("button", name="Accept").tap()
    expect(page.get_by_role("status").filter(has_text="Accepted: ").first).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_read_it_in_every_form(
    tablet: Tablet, catalogue: Catalogue, colours: str
) -> None:
    page = tablet.page(color_scheme=colours)
    page.goto("/tablet/")
    expect(page.get_by_role("heading", name="Nobody is signed in")).to_be_visible()
    assert axe(page) == []
    tablet.ready(page)
    page.goto("/tablet/nowhere")
    expect(page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    assert axe(page) == []
    product = f"/tablet/products/{catalogue.ids[0]}"
    for is_online in (True, False):
        if not is_online:
            tablet.lose_connection(page)
        for form, size in {**SIZES, "landscape": (1180, 820)}.items():
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for name, address in {
                "home": "/tablet/",
                "product": product,
                "nowhere": "/tablet/x",
            }.items():
                page.goto(address)
                expect(connection(page)).to_have_text("Online" if is_online else NO_CONNECTION)
                if name == "product":
                    receipt(page)
                    expect(page.get_by_text("Spoke for it")).to_be_visible()
                else:
                    expect(page.get_by_role("heading", level=1)).to_be_visible()
                assert axe(page) == []
                overflow = "document.documentElement.scrollWidth - innerWidth"
                assert page.evaluate(overflow) <= 0
                picture(page, f"tablet-{name}-{form}-{colours}-{'on' if is_online else 'off'}line")


def test_the_emergency_brake_takes_everything_away(tablet: Tablet, catalogue: Catalogue) -> None:
    page = tablet.page()
    tablet.ready(page)
    open_product(page, catalogue.ids[0])
    # The last thing that a start fetches by itself: it must not arrive after the brake.
    eventually(page, lambda: any(one["url"].endswith(".wasm") for one in page.evaluate(CACHES)))
    leave = (ROOT / "templates" / "tablet" / "no_worker.js").read_bytes()
    tablet.line.change(r"^/sw\.js", lambda script: leave)
    page.evaluate("async () => void (await navigator.serviceWorker.ready).update()")
    workers = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    eventually(page, lambda: page.evaluate(workers) == 0 and page.evaluate(CACHES) == [])
    # The tablet goes on, as long as there is a connection.
    page.reload()
    expect(page.get_by_role("heading", name="Claw hammer")).to_be_visible()
    receipt(page)


def test_chromium_offers_to_install_it(tablet: Tablet) -> None:
    page = tablet.page()
    tablet.ready(page)
    devtools = page.context.new_cdp_session(page)
    told = devtools.send("Page.getInstallabilityErrors")
    errors = {one["errorId"] for one in told["installabilityErrors"]}
    # Playwright's contexts are incognito windows, where nothing is installed.
    assert errors <= {"in-incognito"}
    assert devtools.send("Page.getAppManifest")["errors"] == []
