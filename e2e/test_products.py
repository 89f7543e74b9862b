"""The page of a product: what is suggested, why, and what a person says to it."""

import re
import threading

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from e2e.accessibility import axe
from e2e.conftest import SIZES, Site, picture
from e2e.scene import add_product, expecting, get, overflow, resize, sign_in, small_targets, stock

DRILL = {
    "description": "Cordless drill with two batteries and charger.",
    "weight_g": 1600,
    "width_mm": 210,
}
ASKED = re.compile(r"/api/v1/products/\d+/prediction$")


@pytest.fixture
def carla(page: Page, site: Site) -> Page:
    stock(site)
    sign_in(page, site, "carla")
    return page


def island(page: Page) -> Locator:
    return page.get_by_role("region", name="Suggestion")


def receipt(page: Page) -> str:
    """Return the address of the receipt that is shown."""
    address = island(page).locator(".provenance a").get_attribute("href")
    assert address is not None
    return address


def suggested(page: Page) -> str:
    return island(page).locator(".suggested").inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_a_picker_accepts_a_suggestion_with_one_tap(carla: Page, size: str) -> None:
    resize(carla, size)
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    carla.goto(f"/products/{product['id']}")
    expect(island(carla)).to_contain_text(re.compile(r"\d{1,3}\.\d\s%"))
    expect(carla.locator("[data-fact=category]")).to_have_text("Nobody has said yet.")
    category = suggested(carla)
    assert axe(carla) == []
    assert overflow(carla) == 0
    assert small_targets(carla) == []
    picture(carla, f"product-{size}")

    carla.get_by_role("button", name="Accept").click()
    expect(island(carla).get_by_text("Accepted by carla")).to_be_focused()
    expect(carla.locator("[data-fact=category]")).to_have_text(category)
    expect(carla.locator("[data-fact=source]")).to_have_text("by a person")
    expect(carla.locator("[data-fact=version]")).to_have_text("2")
    assert get(carla, f"products/{product['id']}")["category"] == category
    assert axe(carla) == []
    picture(carla, f"product-accepted-{size}")


def test_re_analyze_gives_a_fresh_receipt_and_keeps_the_old_answer_until_then(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    carla.goto(f"/products/{product['id']}")
    carla.get_by_role("button", name="Accept").wait_for()
    first = receipt(carla)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    carla.route(ASKED, hold)
    carla.get_by_role("button", name="Re-analyze").click()
    expect(island(carla)).to_have_attribute("aria-busy", "true")
    expect(island(carla).locator(".suggested")).to_be_visible()
    assert receipt(carla) == first
    carla.wait_for_timeout(100)
    held[0].continue_()
    expect(island(carla)).to_have_attribute("aria-busy", "false")
    assert receipt(carla) != first
    earlier = island(carla).get_by_role("region", name="Earlier answers").get_by_role("listitem")
    expect(earlier).to_have_count(1)
    expect(earlier.get_by_role("link")).to_have_attribute("href", first)


def test_why_is_told_in_words_and_bars_also_for_an_alternative(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    carla.goto(f"/products/{product['id']}")
    carla.get_by_text("Why this category?").click()
    table = carla.get_by_role("table")
    expect(table).to_contain_text(f"What spoke for {suggested(carla)}")
    expect(table.get_by_role("row").filter(has_text="drill")).not_to_have_count(0)
    expect(table).to_contain_text("spoke for it")
    assert axe(carla) == []
    picture(carla, "product-why")

    other = island(carla).locator(".alternatives .path").first.inner_text()
    carla.get_by_role("button", name=other, exact=True).click()
    expect(table).to_contain_text(f"What spoke for {other}")


def test_a_picker_corrects_a_suggestion_with_the_keyboard_alone(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    carla.goto(f"/products/{product['id']}")
    carla.get_by_role("button", name="Accept").focus()
    carla.keyboard.press("Tab")
    expect(carla.get_by_role("button", name="Correct")).to_be_focused()
    carla.keyboard.press("Enter")
    picker = carla.get_by_role("combobox", name="The right category")
    expect(picker).to_be_focused()
    sent: list[str] = []
    carla.on("request", lambda one: sent.append(one.method))
    carla.keyboard.type("garden tool")
    carla.keyboard.press("Enter")  # before the list is that of these words
    option = carla.locator(".ant-select-item-option-active")
    expect(option).to_have_text("Garden > Garden tools")
    assert "POST" not in sent
    assert axe(carla) == []
    picture(carla, "product-correcting")
    carla.keyboard.press("Enter")
    expect(island(carla)).to_contain_text("Corrected by carla")
    expect(carla.locator("[data-fact=category]")).to_have_text("Garden > Garden tools")
    past = get(carla, f"products/{product['id']}/predictions")["results"][0]
    assert past["review"]["outcome"] == "corrected"


def test_the_history_tells_what_people_said(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    for _ in range(7):
        get(carla, f"products/{product['id']}/prediction")
    carla.goto(f"/products/{product['id']}")
    carla.get_by_role("button", name="Accept").click()
    expect(island(carla)).to_contain_text("Accepted by carla")
    carla.reload()
    history = carla.get_by_role("region", name="Earlier answers")
    expect(history).to_contain_text("Accepted by carla")
    expect(history.get_by_role("listitem")).to_have_count(4)
    history.get_by_role("button", name="Show more").click()
    expect(history.get_by_role("listitem")).to_have_count(8)
    expect(history.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_an_auditor_reads_the_newest_answer_and_asks_for_none(
    page: Page, site: Site, browser: Browser, size: str
) -> None:
    stock(site)
    sign_in(page, site, "carla")
    product = add_product(page, "Cordless drill 18 V", **DRILL)
    answered = get(page, f"products/{product['id']}/prediction")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, site, "dora")
    resize(page, size)
    page.goto(f"/products/{product['id']}")
    expect(island(page)).to_contain_text("Your role does not ask for new ones.")
    expect(island(page).locator(".suggested")).to_have_text(answered["category"])
    expect(island(page).locator(".alternatives li")).to_have_count(len(answered["alternatives"]))
    desk = page.get_by_role("link", name="Receipts of this product at the audit desk")
    assert page.request.get(desk.get_attribute("href") or "").ok
    for name in ("Re-analyze", "Accept", "Correct"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name="Change")).to_have_count(0)
    assert len(get(page, f"products/{product['id']}/predictions")["results"]) == 1
    assert axe(page) == []
    assert overflow(page) == 0
    picture(page, f"product-auditor-{size}")


def test_until_the_first_answer_is_there_its_place_is_kept(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    carla.route(ASKED, hold)
    carla.goto(f"/products/{product['id']}")
    expect(island(carla)).to_have_attribute("aria-busy", "true")
    expect(island(carla).locator(".ant-skeleton")).to_be_visible()
    assert axe(carla) == []
    picture(carla, "product-loading")
    held[0].continue_()
    expect(island(carla).locator(".suggested")).to_be_visible()
    expect(island(carla).locator(".ant-skeleton")).to_have_count(0)


def test_who_answered_instead_of_the_live_model_is_told_with_the_reason(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)

    def by_the_fallback(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "decision_path": "fallback"})

    def with_the_reason(route: Route) -> None:
        answer = route.fetch()
        passed_over = [{"path": "live", "why": "unusable"}]
        route.fulfill(response=answer, json={**answer.json(), "passed_over": passed_over})

    carla.route(ASKED, by_the_fallback)
    carla.route(re.compile(r"/api/v1/predictions/[^/]+$"), with_the_reason)
    carla.goto(f"/products/{product['id']}")
    expect(island(carla)).to_contain_text(
        "by the fallback model, because the live model could not be used"
    )


def test_an_answer_from_the_cache_says_how_old_it_is(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)

    def from_the_cache(route: Route) -> None:
        answer = route.fetch()
        headers = {"x-from-sw-cache": "1", "x-sw-cached-at": "2026-01-01T08:00:00Z"}
        route.fulfill(response=answer, headers={**answer.headers, **headers})

    carla.route(ASKED, from_the_cache)
    carla.goto(f"/products/{product['id']}")
    banner = island(carla).get_by_role("alert")
    expect(banner).to_have_text(re.compile(r"^Displaying cached data from \d+ days ago"))
    assert axe(carla) == []
    picture(carla, "product-cached")


def test_a_server_that_cannot_be_reached_is_asked_again_on_demand(
    site: Site, browser: Browser
) -> None:
    with expecting("ERR_FAILED", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        product = add_product(page, "Cordless drill 18 V", **DRILL)
        page.route(ASKED, lambda route: route.abort())
        page.goto(f"/products/{product['id']}")
        expect(island(page)).to_contain_text("The server cannot be reached.")
        assert axe(page) == []
        page.unroute(ASKED)
        page.get_by_role("button", name="Try again").click()
        expect(island(page).locator(".suggested")).to_be_visible()
        expect(island(page)).not_to_contain_text("cannot be reached")


def test_a_refusal_is_told_in_the_words_of_the_server(site: Site, browser: Browser) -> None:
    with expecting("422", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        # 20,000 characters of three bytes are more than a receipt takes.
        product = add_product(page, "Drill", description="漢" * 20_000)
        page.goto(f"/products/{product['id']}")
        expect(island(page)).to_contain_text("The product's description is too long.")


def test_a_lost_answer_to_a_decision_is_sent_again_as_the_same_decision(
    site: Site, browser: Browser
) -> None:
    with expecting("ERR_FAILED", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        product = add_product(page, "Cordless drill 18 V", **DRILL)
        page.goto(f"/products/{product['id']}")
        lost = threading.Event()

        def lose(route: Route) -> None:
            route.fetch()  # the server gets it, and its answer does not arrive
            lost.set()
            route.abort()

        page.route("**/review", lose, times=1)
        page.get_by_role("button", name="Accept").click()
        expect(island(page)).to_contain_text("The server cannot be reached.")
        assert lost.is_set()
        with page.expect_response("**/review") as answer:
            page.get_by_role("button", name="Try again").click()
        assert answer.value.headers["idempotency-replayed"] == "true"
        expect(island(page)).to_contain_text("Accepted by carla")


def test_it_reads_as_well_in_the_dark(carla: Page) -> None:
    product = add_product(carla, "Cordless drill 18 V", **DRILL)
    carla.emulate_media(color_scheme="dark")
    carla.goto(f"/products/{product['id']}")
    carla.get_by_text("Why this category?").click()
    carla.get_by_role("table").wait_for()
    carla.get_by_role("button", name="Correct").click()
    carla.keyboard.type("tool")
    carla.locator(".ant-select-item-option-active").wait_for()
    assert axe(carla) == []
    picture(carla, "product-dark")
