"""The pages that need nobody to be signed in, at the size of a desk and of a tablet."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.conftest import SIZES, Site, picture


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest, page: Page) -> str:
    name: str = request.param
    width, height = SIZES[name]
    page.set_viewport_size({"width": width, "height": height})
    return name


def overflow(page: Page) -> int:
    """Return how many pixels of the page lie beyond its right edge."""
    pixels: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return pixels


def test_the_front_page_is_readable_at_every_size(page: Page, size: str) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_title(re.compile("Shelfmark"))
    assert overflow(page) == 0
    picture(page, f"home-{size}")


def test_the_sign_in_form_is_labelled_at_every_size(page: Page, size: str) -> None:
    page.goto("/sign-in")
    for field in (name_field(page), password_field(page)):
        expect(field).to_be_visible()
        expect(field).to_be_editable()
    assert overflow(page) == 0
    picture(page, f"sign-in-{size}")


def test_a_picker_signs_in_and_out_again(page: Page, site: Site) -> None:
    sign_in(page, "carla", site.password_of("carla"))
    sign_out = page.get_by_role("button", name="Sign out")
    expect(sign_out).to_be_visible()
    picture(page, "home-signed-in")
    sign_out.click()
    navigation = page.get_by_role("navigation", name="Account")
    expect(navigation.get_by_role("link", name="Sign in")).to_be_visible()
    expect(sign_out).to_have_count(0)


def test_a_wrong_password_is_explained(page: Page) -> None:
    sign_in(page, "carla", "not her password")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(name_field(page)).to_have_value("carla")
    expect(password_field(page)).to_be_empty()
    picture(page, "sign-in-refused")


def name_field(page: Page) -> Locator:
    return page.get_by_label("Your name in Shelfmark")


def password_field(page: Page) -> Locator:
    return page.get_by_label("Your password")


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/sign-in")
    name_field(page).fill(username)
    password_field(page).fill(password)
    page.get_by_role("button", name="Sign in").click()
