"""What looks for barriers does find them."""

from playwright.sync_api import Page

from e2e.accessibility import axe


def test_a_field_without_a_name_is_found(page: Page) -> None:
    page.goto("/sign-in")
    assert axe(page) == []
    page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    (line,) = axe(page)
    assert line.startswith("label: ")
