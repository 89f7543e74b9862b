"""The room where people answer what the models were unsure about, one product after the other."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from e2e.accessibility import axe
from e2e.conftest import SIZES, Site, picture
from e2e.scene import add_product, expecting, get, overflow, resize, sign_in, small_targets, stock

# Nothing in these says what they are, so that no model is sure of them.
VAGUE = ("Assorted set, large", "Replacement part, black", "Starter kit", "Set of ten, red")


def doubtful(page: Page, *names: str) -> list[int]:
    """Add products that wait for a person, and return them."""
    products = [add_product(page, name)["id"] for name in names]
    for product in products:
        assert get(page, f"products/{product}/prediction")["needs_review"]
    return products


def item(page: Page) -> Locator:
    return page.locator("section.item")


def options(page: Page) -> Locator:
    return item(page).locator(".options").get_by_role("button")


def shown(page: Page) -> str:
    return item(page).get_by_role("heading").first.inner_text()


@pytest.fixture
def rita(page: Page, site: Site) -> Page:
    stock(site)
    sign_in(page, site, "rita")
    return page


@pytest.mark.parametrize("size", SIZES)
def test_one_tap_files_a_product_and_brings_the_next(rita: Page, size: str) -> None:
    resize(rita, size)
    doubtful(rita, *VAGUE[:3])
    rita.get_by_role("link", name="Review", exact=True).click()
    expect(options(rita)).to_have_count(3)
    expect(options(rita).first.locator(".reasons")).not_to_be_empty()
    waiting = get(rita, "reviews/queue")["waiting"]
    expect(rita.get_by_text(f"{waiting} products wait for a person.")).to_be_visible()
    assert axe(rita) == []
    assert overflow(rita) == 0
    assert small_targets(rita) == []
    picture(rita, f"review-{size}")

    first = get(rita, "reviews/queue?limit=1")["results"][0]
    assert shown(rita) == first["product"]["name"]
    options(rita).nth(1).click()
    category = first["prediction"]["alternatives"][0]["category"]
    expect(rita.locator(".said")).to_have_text(f"Filed under {category}: {shown_name(first)}.")
    heading = item(rita).get_by_role("heading").first
    expect(heading).to_be_focused()
    filed = get(rita, f"products/{first['product']['id']}")
    assert (filed["category"], filed["category_source"]) == (category, "person")
    expect(rita.get_by_text("1 done in this sitting")).to_be_visible()
    assert get(rita, "reviews/queue")["waiting"] == waiting - 1
    assert axe(rita) == []


def shown_name(waiting: dict[str, dict[str, str]]) -> str:
    return waiting["product"]["name"]


def test_the_keys_1_2_and_3_answer_until_they_are_switched_off(rita: Page) -> None:
    doubtful(rita, *VAGUE)
    rita.goto("/review")
    expect(options(rita)).to_have_count(3)
    with rita.expect_response(re.compile(r"/review$")) as answer:
        rita.keyboard.press("2")
    assert answer.value.json()["outcome"] == "corrected"
    expect(rita.locator(".said")).to_contain_text("Filed under")
    with rita.expect_response(re.compile(r"/review$")) as answer:
        rita.keyboard.press("1")
    assert answer.value.json()["outcome"] == "accepted"
    expect(rita.get_by_text("2 done in this sitting")).to_be_visible()

    keys = rita.get_by_label("Answer with the keys 1, 2 and 3")
    keys.uncheck()
    keys.check()
    rita.keyboard.press("1")
    expect(rita.get_by_text("3 done in this sitting")).to_be_visible()
    keys.uncheck()
    item(rita).get_by_role("heading").first.click()
    rita.keyboard.press("1")
    rita.wait_for_timeout(300)
    expect(rita.get_by_text("3 done in this sitting")).to_be_visible()
    rita.reload()
    expect(rita.get_by_label("Answer with the keys 1, 2 and 3")).not_to_be_checked()


def test_another_category_is_found_with_the_keyboard_alone(rita: Page) -> None:
    doubtful(rita, *VAGUE[:2])
    rita.goto("/review")
    expect(options(rita)).to_have_count(3)
    rita.get_by_role("button", name="Another category").focus()
    rita.keyboard.press("Enter")
    expect(rita.get_by_role("combobox", name="Another category")).to_be_focused()
    rita.keyboard.type("garden tool")
    expect(rita.locator(".ant-select-item-option-active")).to_have_text("Garden > Garden tools")
    assert axe(rita) == []
    picture(rita, "review-another")
    rita.keyboard.press("Enter")
    expect(rita.locator(".said")).to_contain_text("Filed under Garden > Garden tools")


def test_what_is_skipped_comes_back_when_nothing_else_is_left(rita: Page) -> None:
    doubtful(rita, *VAGUE[:2])
    rita.goto("/review")
    expect(options(rita)).to_have_count(3)
    count = get(rita, "reviews/queue")["waiting"]
    for _ in range(count):
        rita.get_by_role("button", name="Skip").click()
    expect(rita.get_by_text("Only what you left for later is left")).to_be_visible()
    assert get(rita, "reviews/queue")["waiting"] == count
    rita.get_by_role("button", name="Show them again").click()
    expect(options(rita)).to_have_count(3)
    for done in range(count):
        expect(rita.get_by_text(f"{done} done in this sitting")).to_be_visible()
        rita.keyboard.press("1")
        expect(rita.get_by_text(f"{done + 1} done in this sitting")).to_be_visible()
    expect(rita.get_by_role("heading", name="Nothing waits for a person")).to_be_focused()
    assert axe(rita) == []
    picture(rita, "review-empty")


def test_a_lost_answer_is_sent_again_and_counts_once(site: Site, browser: Browser) -> None:
    with expecting("ERR_FAILED", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "rita")
        doubtful(page, VAGUE[0])
        page.goto("/review")
        expect(options(page)).to_have_count(3)

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route(re.compile(r"/predictions/[^/]+/review$"), lose, times=1)
        page.keyboard.press("1")
        expect(item(page).get_by_role("alert")).to_contain_text("The server cannot be reached.")
        with page.expect_response(re.compile(r"/review$")) as answer:
            page.keyboard.press("1")
        assert answer.value.headers["idempotency-replayed"] == "true"
        expect(page.get_by_text("1 done in this sitting")).to_be_visible()


def test_a_category_that_is_gone_is_told_in_the_words_of_the_server(
    site: Site, browser: Browser
) -> None:
    with expecting("422", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "rita")
        doubtful(page, VAGUE[0])

        def rename(route: Route) -> None:
            answer = route.fetch()
            page_of = answer.json()
            for one in page_of["results"]:
                one["prediction"]["alternatives"][0]["category"] = "Gone"
            route.fulfill(response=answer, json=page_of)

        page.route("**/reviews/queue*", rename)
        page.goto("/review")
        options(page).nth(1).click()
        expect(item(page).get_by_role("alert")).to_contain_text("There is no category “Gone”.")
        expect(options(page).first).to_be_enabled()


def test_it_reads_as_well_in_the_dark(rita: Page) -> None:
    doubtful(rita, VAGUE[0])
    rita.emulate_media(color_scheme="dark")
    rita.goto("/review")
    expect(options(rita).first.locator(".reasons")).not_to_be_empty()
    assert axe(rita) == []
    picture(rita, "review-dark")
