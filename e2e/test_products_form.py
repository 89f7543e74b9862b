"""Adding and changing a product: suggestions while typing, and nothing typed is ever lost."""

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from e2e.accessibility import axe
from e2e.conftest import SIZES, Site, picture
from e2e.scene import (
    add_product,
    expecting,
    get,
    new_sku,
    overflow,
    resize,
    send,
    sign_in,
    small_targets,
    stock,
)

PRODUCTS = re.compile(r"/api/v1/products$")
PREDICTIONS = re.compile(r"/api/v1/predictions$")
PAGE = re.compile(r"/products/\d+$")


@pytest.fixture
def carla(page: Page, site: Site) -> Page:
    stock(site)
    sign_in(page, site, "carla")
    return page


def live(page: Page) -> Locator:
    return page.get_by_role("region", name="Suggestion")


def fill(page: Page, **fields: str) -> None:
    for label, text in fields.items():
        page.get_by_label(label, exact=False).first.fill(text)


def of_sku(page: Page, sku: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(page, f"products?sku={sku}")["results"]
    return found


@pytest.mark.parametrize("size", SIZES)
def test_a_suggestion_comes_while_typing_and_is_taken_with_one_tap(carla: Page, size: str) -> None:
    resize(carla, size)
    sku = new_sku()
    carla.goto("/products/new")
    assert axe(carla) == []
    fill(carla, Name="Cordless drill 18 V", Description="With two batteries.", SKU=sku)
    best = live(carla).get_by_role("button").first
    expect(best).to_contain_text("Cordless drills")
    assert axe(carla) == []
    assert overflow(carla) == 0
    assert small_targets(carla) == []
    best.click()
    expect(best).to_have_attribute("aria-pressed", "true")
    picture(carla, f"product-new-{size}")
    with carla.expect_request(re.compile(r"/review$")) as reviewed:
        carla.get_by_role("button", name="Save").click()
    assert reviewed.value.post_data_json == {}
    carla.wait_for_url(PAGE)
    expect(carla.locator("[data-fact=category]")).to_have_text(
        "Tools > Power tools > Cordless drills"
    )
    (product,) = of_sku(carla, sku)
    assert (product["category_source"], product["version"]) == ("person", 1)


def test_another_category_than_the_one_taken_is_a_correction(carla: Page) -> None:
    carla.goto("/products/new")
    fill(carla, Name="Cordless drill 18 V", SKU=new_sku())
    live(carla).get_by_role("button").first.click()
    carla.get_by_role("combobox", name="Category").click()
    carla.keyboard.type("garden tool")
    expect(carla.locator(".ant-select-item-option-active")).to_have_text("Garden > Garden tools")
    carla.keyboard.press("Enter")
    with carla.expect_request(re.compile(r"/review$")) as reviewed:
        carla.get_by_role("button", name="Save").click()
    assert reviewed.value.post_data_json == {"category": "Garden > Garden tools"}
    carla.wait_for_url(PAGE)


def test_it_asks_when_the_typing_rests_and_not_twice_for_the_same(carla: Page) -> None:
    asked: list[Request] = []
    carla.on("request", lambda one: asked.append(one) if PREDICTIONS.search(one.url) else None)
    carla.goto("/products/new")
    name = carla.get_by_label("Name")
    name.press_sequentially("Cordless drill", delay=20)
    expect(live(carla).get_by_role("button").first).to_be_visible()
    assert len(asked) == 1
    carla.get_by_label("SKU").fill("X")
    name.press("End")
    name.press("s")
    name.press("Backspace")
    carla.wait_for_timeout(700)
    assert len(asked) == 1


def test_an_older_answer_never_comes_over_a_newer_one(carla: Page) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    carla.route(PREDICTIONS, hold_the_first)
    carla.goto("/products/new")
    name = carla.get_by_label("Name")
    with carla.expect_event("requestfailed", lambda one: bool(PREDICTIONS.search(one.url))):
        name.fill("Dish soap")
        carla.wait_for_timeout(600)
        assert held
        name.fill("Cordless drill 18 V")
    expect(live(carla).get_by_role("button").first).to_contain_text("Cordless drills")
    assert len(live(carla).get_by_role("button").all()) == 5


def test_a_product_is_added_with_the_keyboard_alone(carla: Page) -> None:
    sku = new_sku()
    carla.goto("/products/new")
    carla.get_by_label("Name").focus()
    for text in ("Cordless drill 18 V", "With charger", "Korvand", sku, "4006381333931"):
        carla.keyboard.type(text)
        carla.keyboard.press("Tab")
    for text in ("210", "180", "70", "1600", "89,90"):
        carla.keyboard.type(text)
        carla.keyboard.press("Tab")
    carla.keyboard.type("cordless")
    expect(carla.locator(".ant-select-item-option-active")).to_contain_text("Cordless drills")
    carla.keyboard.press("Enter")
    carla.keyboard.press("Tab")
    while carla.evaluate("document.activeElement.textContent") != "Save":
        carla.keyboard.press("Tab")
    carla.keyboard.press("Enter")
    carla.wait_for_url(PAGE)
    (product,) = of_sku(carla, sku)
    assert (product["gtin"], product["depth_mm"], product["price"]) == (
        "4006381333931",
        70,
        "89.90",
    )


def test_faults_are_told_at_their_fields_before_anything_is_sent(carla: Page) -> None:
    carla.goto("/products/new")
    fill(carla, Name="Drill", GTIN="4006381333932", Width="12 cm")
    carla.get_by_role("button", name="Save").click()
    expect(carla.get_by_label("SKU")).to_be_focused()
    expect(carla.get_by_label("SKU")).to_have_accessible_description(re.compile("needs an SKU"))
    expect(carla.get_by_label("GTIN")).to_have_accessible_description(
        re.compile("last digit of this GTIN should be 1")
    )
    expect(carla.get_by_label("Width")).to_have_accessible_description(re.compile("whole number"))
    assert axe(carla) == []
    picture(carla, "product-new-faults")


def test_an_sku_that_is_taken_is_told_at_the_sku(site: Site, browser: Browser) -> None:
    with expecting("409", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        taken = add_product(page, "Drill")
        page.goto("/products/new")
        fill(page, Name="Another drill", SKU=taken["sku"])
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("SKU")).to_be_focused()
        expect(page.get_by_label("SKU")).to_have_accessible_description(
            re.compile("Another product has the SKU")
        )
        assert page.get_by_label("Name").input_value() == "Another drill"
        page.get_by_label("SKU").fill(new_sku())
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(PAGE)


def test_a_lost_answer_and_a_second_attempt_make_one_product(site: Site, browser: Browser) -> None:
    with expecting("ERR_FAILED", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        sku = new_sku()
        page.goto("/products/new")
        fill(page, Name="Cordless drill", SKU=sku)
        lost = threading.Event()

        def lose(route: Route) -> None:
            route.fetch()  # the server gets it, and its answer does not arrive
            lost.set()
            route.abort()

        page.route(PRODUCTS, lose, times=1)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
        assert lost.is_set()
        assert page.get_by_label("Name").input_value() == "Cordless drill"
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(PAGE)
        assert len(of_sku(page, sku)) == 1


def test_who_was_signed_out_signs_in_and_goes_on(site: Site, browser: Browser) -> None:
    with expecting("401", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/products/new")
        fill(page, Name="Cordless drill", SKU=new_sku())
        expect(live(page).get_by_role("button").first).to_be_visible()
        page.context.clear_cookies()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
        assert axe(page) == []
        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Your name in Shelfmark").fill("carla")
        page.get_by_label("Your password").fill(site.password_of("carla"))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/products/new")
        page.get_by_role("button", name="Take it up again").click()
        expect(page.get_by_label("Name")).to_have_value("Cordless drill")
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(PAGE)


def test_a_lost_answer_and_another_word_are_explained(site: Site, browser: Browser) -> None:
    with expecting("ERR_FAILED|422", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/products/new")
        fill(page, Name="Cordless drill", SKU=new_sku())

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route(PRODUCTS, lose, times=1)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
        page.get_by_label("Brand").fill("Korvand")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("saved at your first attempt")
        page.get_by_role("link", name="Open the saved product").click()
        page.wait_for_url(re.compile(r"/products/\d+/edit$"))
        expect(page.get_by_label("Name")).to_have_value("Cordless drill")


def test_two_taps_make_one_product(carla: Page) -> None:
    sku = new_sku()
    carla.goto("/products/new")
    fill(carla, Name="Cordless drill", SKU=sku)
    carla.get_by_role("button", name="Save").dblclick()
    carla.wait_for_url(PAGE)
    assert len(of_sku(carla, sku)) == 1


def test_what_was_typed_survives_a_reload(carla: Page) -> None:
    warned: list[str] = []

    def leave(dialog: Any) -> None:
        warned.append(dialog.type)
        dialog.accept()

    carla.on("dialog", leave)
    carla.goto("/products/new")
    fill(carla, Name="Half a drill", Brand="Korvand")
    carla.wait_for_timeout(600)
    carla.reload()
    assert warned == ["beforeunload"]
    offer = carla.get_by_role("alert")
    expect(offer).to_contain_text("You left this form unfinished")
    assert axe(carla) == []
    picture(carla, "product-new-draft")
    carla.get_by_role("button", name="Take it up again").click()
    expect(carla.get_by_label("Name")).to_have_value("Half a drill")
    expect(carla.get_by_label("Brand")).to_have_value("Korvand")
    carla.get_by_label("SKU").fill(new_sku())
    carla.get_by_role("button", name="Save").click()
    carla.wait_for_url(PAGE)
    carla.goto("/products/new")
    expect(carla.get_by_label("Name")).to_have_value("")
    expect(carla.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_a_change_sends_what_was_changed_and_shows_it(carla: Page, size: str) -> None:
    resize(carla, size)
    product = add_product(carla, "Cordless drill", brand="Korvand", weight_g=1600)
    carla.goto(f"/products/{product['id']}")
    carla.get_by_role("link", name="Change").click()
    expect(carla.get_by_label("Brand")).to_have_value("Korvand")
    carla.get_by_label("Weight").fill("1700")
    carla.get_by_label("Brand").fill("")
    expect(live(carla).get_by_role("button").first).to_be_visible()
    assert axe(carla) == []
    assert overflow(carla) == 0
    picture(carla, f"product-edit-{size}")
    with carla.expect_request(re.compile(r"/api/v1/products/\d+$")) as sent:
        carla.get_by_role("button", name="Save").click()
    assert sent.value.method == "PATCH"
    assert sent.value.post_data_json == {"brand": "", "weight_g": 1700}
    carla.wait_for_url(PAGE)
    expect(carla.get_by_text("1,700 g")).to_be_visible()


def test_two_people_who_change_the_same_see_both_and_choose(site: Site, browser: Browser) -> None:
    with expecting("409", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        product = add_product(page, "Cordless drill", brand="Korvand", weight_g=1600)
        page.goto(f"/products/{product['id']}/edit")
        fill(page, Name="My drill", Brand="Mine")
        theirs = {"name": "Their drill", "weight_g": 1700}
        send(page, "PATCH", f"products/{product['id']}", theirs)
        page.get_by_role("button", name="Save").click()
        conflict = page.get_by_role("form", name="Somebody else changed")
        expect(conflict.get_by_role("heading")).to_be_focused()
        expect(conflict.get_by_role("group")).to_have_count(2)
        expect(conflict.get_by_role("group", name="Name")).to_contain_text("My drill")
        expect(conflict.get_by_role("group", name="Name")).to_contain_text("Their drill")
        expect(conflict.get_by_role("radio", name="Stored now: 1700")).to_be_checked()
        assert axe(page) == []
        picture(page, "product-edit-conflict")
        conflict.get_by_role("button", name="Go on with these").click()
        expect(conflict).to_contain_text("Choose for every field")
        conflict.get_by_role("radio", name="You: My drill").check()
        conflict.get_by_role("button", name="Go on with these").click()
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(PAGE)
        stored = get(page, f"products/{product['id']}")
        assert (stored["name"], stored["brand"], stored["weight_g"]) == ("My drill", "Mine", 1700)


def test_a_change_whose_answer_was_lost_is_not_a_conflict(site: Site, browser: Browser) -> None:
    with expecting("ERR_FAILED|409", site=site, browser=browser) as page:
        stock(site)
        sign_in(page, site, "carla")
        product = add_product(page, "Cordless drill")
        page.goto(f"/products/{product['id']}/edit")
        fill(page, Name="Better drill")

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route(re.compile(r"/api/v1/products/\d+$"), lose, times=1)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
        page.get_by_role("button", name="Save").click()
        page.wait_for_url(PAGE)
        assert get(page, f"products/{product['id']}")["version"] == 2


def test_it_reads_as_well_in_the_dark(carla: Page) -> None:
    carla.emulate_media(color_scheme="dark")
    carla.goto("/products/new")
    fill(carla, Name="Cordless drill", GTIN="1")
    live(carla).get_by_role("button").first.click()
    carla.get_by_role("button", name="Save").click()
    assert axe(carla) == []
    picture(carla, "product-new-dark")
