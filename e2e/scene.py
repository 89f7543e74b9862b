"""What the stories on product pages begin with: people who are signed in, and things on shelves."""

import contextlib
import csv
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from playwright.sync_api import Browser, Page

from e2e.conftest import PATIENCE_MS, SIZES, Site, Witness
from tools.console import ROOT

SAMPLE = ROOT / "data" / "raw" / "products.csv"
API = "/api/v1/"
_numbers = count(1)


def sign_in(page: Page, site: Site, username: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Your name in Shelfmark").fill(username)
    page.get_by_label("Your password").fill(site.password_of(username))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def resize(page: Page, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})


def stock(site: Site) -> None:
    """Import one product of each category of the sample, once."""
    file = site.home.folder / "sample.csv"
    if file.exists():
        return
    with SAMPLE.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        chosen = {row["category"]: row for row in rows}
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, rows.fieldnames or [])
        writer.writeheader()
        writer.writerows(chosen.values())
    site.home.manage("import_products", file)


def get(page: Page, path: str) -> Any:
    """Return what the API says to the person who is signed in."""
    answer = page.request.get(f"{API}{path}")
    assert answer.ok, answer.text()
    return answer.json()


def send(page: Page, method: str, path: str, body: dict[str, Any]) -> Any:
    """Change something through the API as the person who is signed in."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    answer = page.request.fetch(
        f"{API}{path}", method=method, data=body, headers={"X-CSRFToken": cookies["csrftoken"]}
    )
    assert answer.ok, answer.text()
    return answer.json()


def new_sku() -> str:
    return f"E2E-{next(_numbers):04}"


def add_product(page: Page, name: str, **fields: Any) -> dict[str, Any]:
    product: dict[str, Any] = send(
        page, "POST", "products", {"sku": new_sku(), "name": name, **fields}
    )
    return product


@contextlib.contextmanager
def expecting(failure: str, *, site: Site, browser: Browser) -> Iterator[Page]:
    """Open a page whose story has failures to load that match `failure`, and no other complaint."""
    context = browser.new_context(base_url=site.origin, service_workers="block")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    witness = Witness(site.origin)
    witness.watch(page)
    yield page
    context.close()
    expected = [error for error in witness.errors if re.search(failure, error)]
    assert expected, "the story went without the failure that it is about"
    assert [error for error in witness.errors if error not in expected] == []
    assert witness.foreign == []


def overflow(page: Page) -> int:
    """Return how many pixels of the page lie beyond its right edge."""
    pixels: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return pixels


def small_targets(page: Page) -> list[str]:
    """Return the controls that a finger in a glove would miss: less than 44 pixels high."""
    found: list[str] = page.evaluate("""
        () => [...document.querySelectorAll("main :is(button, summary, input, textarea, .button)")]
          .filter((one) => one.checkVisibility() && !one.matches("[type=checkbox], [type=radio]"))
          .map((one) => one.closest(".ant-select, .ant-input-affix-wrapper") ?? one)
          .filter((one) => one.getBoundingClientRect().height < 43.5)
          .map((one) => `${one.outerHTML.slice(0, 120)} ${one.getBoundingClientRect().height}`)
    """)
    return found
