"""The pages that need nobody to be signed in, at the size of a desk and of a tablet."""

import re

import pytest
from playwright.sync_api import Page, expect

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
    for label in ("Username", "Password"):
        field = page.get_by_label(re.compile(label, re.IGNORECASE))
        expect(field).to_be_visible()
        expect(field).to_be_editable()
    assert overflow(page) == 0
    picture(page, f"sign-in-{size}")


def test_a_picker_signs_in_and_out_again(page: Page, site: Site) -> None:
    page.goto("/sign-in")
    page.get_by_label(re.compile("username", re.IGNORECASE)).fill("carla")
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill(site.password_of("carla"))
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    sign_out = page.get_by_role("button", name=re.compile("sign out", re.IGNORECASE))
    expect(sign_out).to_be_visible()
    picture(page, "home-signed-in")
    sign_out.click()
    expect(sign_out).to_have_count(0)


def test_a_wrong_password_is_explained(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label(re.compile("username", re.IGNORECASE)).fill("carla")
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill("not her password")
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(re.compile("/sign-in"))
    picture(page, "sign-in-refused")
