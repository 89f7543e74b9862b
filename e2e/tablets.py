"""A tablet at the end of a line of its own, and what tests look for on its screens."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from benchmarks.instance import PICKER
from benchmarks.load import LOOPBACK
from e2e.conftest import PATIENCE_MS, Site, Witness
from e2e.line import Line

expect.set_options(timeout=PATIENCE_MS)

NAMES = ("Claw hammer 500 g, fibreglass handle", "Desk pad 650x520 mm")
BRAND = "Korvand"
PREDICTION = r"/prediction$"
CACHED = re.compile(r"^Displaying cached data")
NO_CONNECTION = "No connection: showing what is on this tablet"
# What Chromium itself says about a request that fails; everything else is a fault of ours.
EXPECTED = re.compile(
    r"Failed to load resource: (net::ERR_|the server responded with a status of 401)"
    r"|An unknown error occurred when fetching"
)

CACHES = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) {
      const response = await caches.match(request, { cacheName: name, ignoreVary: true });
      found.push({ name, url: new URL(request.url).pathname, method: request.method,
                   type: response.headers.get("Content-Type") ?? "" });
    }
  }
  return found;
}"""
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
SMALL = """() => [...document.querySelectorAll(
    "a, button, input, select, textarea, [role=option]")]
  .filter((one) => one.offsetParent !== null && !one.matches(".skip"))
  .map((one) => ({ one: one.outerHTML.slice(0, 120), box: one.getBoundingClientRect() }))
  .filter(({ box }) => box.height < 43.9 || box.width < 43.9)
  .map(({ one, box }) => `${box.width} x ${box.height}: ${one}`)"""


def ask(port: int, token: str, path: str, body: object = None) -> Any:
    """Ask the server itself, past every line."""
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{port}/api/v1/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Token {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@dataclass
class Catalogue:
    """Two products and a reader of the server's records about them."""

    token: str
    port: int
    ids: list[int]
    skus: list[str]

    def get(self, path: str) -> Any:
        return ask(self.port, self.token, path)

    def receipts(self, product: int) -> list[str]:
        """Return the receipts that the server holds for a product, the newest first."""
        told = self.get(f"products/{product}/predictions?limit=100")
        return [one["id"] for one in told["results"]]


@pytest.fixture(scope="module")
def taxonomy(site: Site) -> list[str]:
    """The categories that the model suggests for the products of these tests."""
    port = int(site.origin.rpartition(":")[2])
    token = site.home.create_token("admin")
    suggested = ask(port, token, "predictions", [{"name": name, "brand": BRAND} for name in NAMES])
    paths = [one["category"] for one in suggested]
    known = {one["path"] for one in ask(port, token, "categories?limit=1000")["results"]}
    for path in paths:
        *above, _ = names = path.split(" > ")
        for depth, name in enumerate(names):
            parent = " > ".join(above[:depth]) or None
            if " > ".join(names[: depth + 1]) not in known:
                known.add(ask(port, token, "categories", {"name": name, "parent": parent})["path"])
    return paths


@pytest.fixture
def catalogue(site: Site, taxonomy: list[str], request: pytest.FixtureRequest) -> Catalogue:
    port = int(site.origin.rpartition(":")[2])
    token = site.home.create_token(PICKER)
    mark = f"{abs(hash(request.node.name)) % 10**8:08d}"
    skus = [f"T{mark}-{number}" for number in (1, 2)]
    made = [
        ask(port, token, "products", {"sku": sku, "name": name, "brand": BRAND})
        for sku, name in zip(skus, NAMES, strict=True)
    ]
    return Catalogue(token, port, [one["id"] for one in made], skus)


@dataclass
class Tablet:
    """A browser of its own at the end of a line of its own."""

    line: Line
    site: Site
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    witness: Witness = field(init=False)

    def __post_init__(self) -> None:
        self.witness = Witness(self.line.origin)

    def page(self, **options: Any) -> Page:
        context = self.browser.new_context(
            base_url=self.line.origin, viewport={"width": 1280, "height": 800}, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        self.witness.watch(page)
        return page

    def sign_in(self, page: Page, username: str = PICKER, then: str = "/tablet/") -> None:
        page.goto(f"/sign-in?next={then}")
        page.get_by_label("Your name in Shelfmark").fill(username)
        page.get_by_label("Your password").fill(self.site.password_of(username))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**{then}")

    def ready(self, page: Page, username: str = PICKER) -> None:
        """Sign in and wait until the worker looks after the page."""
        self.sign_in(page, username)
        expect(connection(page)).to_have_text("Online")
        page.wait_for_function(CONTROLLED)

    def lose_connection(self, page: Page) -> None:
        self.line.cut()
        page.context.set_offline(True)

    def find_connection(self, page: Page) -> None:
        self.line.mend()
        page.context.set_offline(False)


def without_model(context: BrowserContext) -> None:
    """Let the tablet hold no model: nothing adds provisional answers to what a person does."""
    nothing: dict[str, Any] = {
        **dict.fromkeys(("version", "sha256", "bytes", "url", "dataset_sha256", "text")),
        **{name: [] for name in ("vectors", "withdrawn", "answering")},
    }
    context.route("**/api/v1/models/live", lambda route: route.fulfill(json=nothing))


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


def connection(page: Page) -> Locator:
    return page.locator(".connection")


def banner(page: Page) -> Locator:
    return page.get_by_text(CACHED)


def receipt(page: Page, *, other_than: str = "") -> str:
    """Return the receipt on the screen, once it is another one than that."""
    shown = page.locator("[data-receipt]")
    expect(shown).to_be_visible()
    if other_than:
        expect(shown).not_to_have_text(other_than)
    expect(page.locator("[aria-busy=false] [data-receipt]")).to_be_visible()
    return shown.inner_text()


def shown_after(page: Page, act: Callable[[], object]) -> str:
    """Do something that asks for a prediction; return the receipt on the screen afterwards."""
    with page.expect_response(lambda answer: answer.url.endswith("/prediction")):
        act()
    return receipt(page)


def open_product(page: Page, id: int) -> str:
    return shown_after(page, lambda: page.goto(f"/tablet/products/{id}"))


def eventually(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until it holds. wait_for_function takes a promise for an answer, kept or not."""
    for _ in range(PATIENCE_MS // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("This never came true.")


def reanalyze(page: Page) -> Locator:
    return page.get_by_role("button", name="Re-analyze")
