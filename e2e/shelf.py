"""A tablet beside a shelf that others fill and change meanwhile, and steps of its reviews."""

import itertools
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.instance import PICKER
from benchmarks.load import LOOPBACK
from e2e.accessibility import axe
from e2e.conftest import PATIENCE_MS, SIZES, Site, picture
from e2e.line import Line
from e2e.scene import stock
from e2e.tablets import NO_CONNECTION, SMALL, Tablet, connection

expect.set_options(timeout=PATIENCE_MS)

# What Chromium itself says when the server refuses or is away; everything else is a fault of ours.
EXPECTED = re.compile(
    r"Failed to load resource: .*(net::ERR_|status of (401|429))|An unknown error occ"
)
FORMS = {**SIZES, "landscape": (1180, 820)}
# Nothing in these says what they are, so that no model is sure of them.
VAGUE = ("Assorted set, large", "Replacement part, black", "Starter kit", "Set of ten, red")
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
marks = itertools.count(1)


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
            sku = f"CARE-{next(marks):04}"
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
