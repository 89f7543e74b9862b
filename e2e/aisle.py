"""People with tablets in the aisles of a depot: what the stories of bad connections begin with."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from benchmarks.chromium import ARGUMENTS, program
from e2e.conftest import PATIENCE_MS, Witness
from e2e.depot import Depot
from e2e.line import Heard, Line
from e2e.tablets import without_model

expect.set_options(timeout=PATIENCE_MS)

PUSH = r"^POST /api/v1/sync/push"
NO_CONNECTION = "No connection: showing what is on this tablet"
# What Chromium says by itself about requests that fail; everything else is a fault of ours.
FAILURES = re.compile(
    r"Failed to load resource: (net::ERR_|the server responded with a status of \d+)"
    r"|An unknown error occurred when fetching|The requested version \(2\) is less than"
)
_numbers = count(1)


@dataclass
class Aisle:
    """Tablets at the end of one line to a depot, each a browser of its own."""

    depot: Depot
    browser: Browser
    line: Line = field(init=False)
    witness: Witness = field(init=False)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = Line(self.depot.port)
        self.witness = Witness(self.line.origin)

    # Tablets

    def tablet(self, username: str | None = "carla", *, script: str = "", **options: Any) -> Page:
        """Return a new tablet that somebody has signed in on, and that has read the catalogue."""
        context = self.browser.new_context(
            base_url=self.line.origin, viewport={"width": 820, "height": 1180}, **options
        )
        if script:
            context.add_init_script(script)
        return self.adopt(context, context.new_page(), username)

    def adopt(self, context: BrowserContext, page: Page, username: str | None) -> Page:
        context.set_default_timeout(PATIENCE_MS)
        # With a model the tablet would answer by itself, and send what it said as changes, too.
        without_model(context)
        self.contexts.append(context)
        self.witness.watch(page)
        if username is not None:
            self.sign_in(page, username)
            ready(page)
        return page

    def lasting(self, profile: Path) -> BrowserContext:
        """Start a browser with a profile that stays, as that of a tablet does."""
        return self.browser.browser_type.launch_persistent_context(
            profile,
            executable_path=program(),
            args=list(ARGUMENTS),
            base_url=self.line.origin,
            viewport={"width": 820, "height": 1180},
        )

    def password_of(self, username: str) -> str:
        for told in (self.depot.home.folder / "people.txt").read_text().splitlines():
            name, password, *_ = told.split()
            if name == username:
                return password
        raise LookupError(username)

    def sign_in(self, page: Page, username: str) -> None:
        page.goto("/sign-in?next=/tablet/")
        self.fill_in(page, username)
        page.wait_for_url("**/tablet/")

    def fill_in(self, page: Page | Locator, username: str) -> None:
        page.get_by_label("Your name in Shelfmark").fill(username)
        page.get_by_label("Your password").fill(self.password_of(username))
        page.get_by_role("button", name="Sign in", exact=True).click()

    def lose_connection(self, *pages: Page) -> None:
        self.line.cut()
        for page in pages:
            page.context.set_offline(True)
            expect(connection(page)).to_have_text(NO_CONNECTION)

    def find_connection(self, *pages: Page) -> None:
        self.line.mend()
        for page in pages:
            page.context.set_offline(False)

    # The depot

    def products(self, count: int = 1, **fields: Any) -> list[int]:
        """Put products into the catalogue that no other story knows."""
        return [self.product(**fields) for _ in range(count)]

    def product(self, **fields: Any) -> int:
        number = next(_numbers)
        named = {"sku": f"H-{number:04}", "name": f"Step ladder {number:04}"}
        return self.depot.product(**{**named, **fields})

    def restart(self) -> None:
        self.depot.start()
        self.line.server_port = self.depot.port

    def pushed(self) -> list[list[str]]:
        """Return the changes that the server was sent, push by push, as far as it got them."""
        return [ids_in(heard) for heard in self.line.reached(PUSH)]

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.line.close()
        assert [one for one in self.witness.errors if not FAILURES.search(one)] == []
        assert self.witness.foreign == []


@contextmanager
def walked(depot: Depot, browser: Browser) -> Iterator[Aisle]:
    aisle = Aisle(depot, browser)
    try:
        yield aisle
    finally:
        aisle.close()


def ids_in(heard: Heard) -> list[str]:
    return re.findall(r'\{"id":"([0-9a-f-]{36})","seq"', heard.body.decode())


# What stands on a tablet


def connection(page: Page) -> Locator:
    return page.locator(".connection")


def offline(*pages: Page) -> None:
    """Take the network away from these tablets alone."""
    for page in pages:
        page.context.set_offline(True)
        expect(connection(page)).to_have_text(NO_CONNECTION)


def online(*pages: Page) -> None:
    for page in pages:
        page.context.set_offline(False)
        expect(connection(page)).to_have_text("Online")


def places(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Shelfmark")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def eventually(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until it holds. wait_for_function takes a promise for an answer, kept or not."""
    for _ in range(PATIENCE_MS // 50):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("This never came true.")


def waits(page: Page, count: int) -> None:
    """Wait until so many changes wait on the tablet, and it says so."""
    eventually(page, lambda: bool(page.evaluate(STORED, ["changes", "waiting"]) == count))
    name = f"Changes ({count} waiting)" if count else "Changes"
    expect(places(page).get_by_role("link", name=name, exact=True)).to_be_visible()


def ready(page: Page) -> None:
    """Wait until the tablet could do without a connection, but for a model to ask."""
    expect(connection(page)).to_have_text("Online")
    eventually(page, lambda: bool(page.evaluate(CONTROLLED)))
    eventually(page, lambda: any(one["isComplete"] for one in stored(page, "meta")))


def stored(page: Page, store: str, **like: str) -> list[dict[str, Any]]:
    """Return the rows of whoever uses the tablet, from its database."""
    rows: list[dict[str, Any]] = page.evaluate(STORED, [store, None])
    return [row for row in rows if like.items() <= row.items()]


CONTROLLED = "() => navigator.serviceWorker.controller !== null"
# All rows of a store, or how many of the changes have a status.
STORED = """async ([store, status]) => {
  const whose = await new Promise((resolve) => {
    const opening = indexedDB.open("shelfmark-tablet");
    opening.onerror = () => resolve(null);
    opening.onsuccess = () => {
      const database = opening.result;
      const reading = database.transaction("meta").objectStore("meta").get("person");
      reading.onsuccess = () => {
        database.close();
        resolve(reading.result?.id ?? null);
      };
    };
  });
  const name = `shelfmark-u${whose}`;
  const there = await indexedDB.databases();
  if (!there.some((one) => one.name === name)) {
    return status === null ? [] : 0;
  }
  return await new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      if (![...database.objectStoreNames].includes(store)) {
        database.close();
        resolve(status === null ? [] : 0);
        return;
      }
      const rows = database.transaction(store).objectStore(store);
      const reading = status === null ? rows.getAll() : rows.index("status").count(status);
      reading.onsuccess = () => {
        database.close();
        resolve(reading.result);
      };
    };
  });
}"""


def open_product(page: Page, product: int) -> None:
    page.goto(f"/tablet/products/{product}")
    expect(page.get_by_role("link", name="Edit", exact=True)).to_be_visible()


def edit(page: Page, product: int, **values: str) -> None:
    """Fill in fields of a product and save them on the tablet."""
    page.goto(f"/tablet/products/{product}/edit")
    for name, value in values.items():
        page.get_by_label(LABELS[name], exact=True).fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/tablet/products/{product}")
    expect(page.locator(".news-of")).to_contain_text(re.compile("On this tablet|Sent"))


LABELS = {"name": "Name", "sku": "SKU", "brand": "Brand", "description": "Description"}


def put(page: Page, product: int, category: str) -> None:
    """Say on the product's form where it belongs."""
    page.goto(f"/tablet/products/{product}/edit")
    choose(page.get_by_role("main"), category)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/tablet/products/{product}")


def choose(within: Locator, category: str) -> None:
    field = within.get_by_role("combobox", name="Category")
    field.fill(category)
    within.get_by_role("option").filter(has_text=category.rpartition(" > ")[2]).first.click()


def changes(page: Page) -> None:
    page.goto("/tablet/changes")
    expect(page.get_by_role("heading", name="Changes", level=1)).to_be_visible()


# What came of it


def written(depot: Depot, product: int) -> Counter[tuple[str, str | None]]:
    """Return how often the ledger tells of what happened to a product, and by whom."""
    told = depot.entries(product)
    return Counter(one for one in told if one[0] != "prediction.made")


def edited_once(depot: Depot, product: int, *, brand: str, by: str = "carla") -> None:
    """Assert that one edit on a tablet had one effect, and left one entry of each kind."""
    state = depot.state_of(product)
    assert (state["brand"], state["version"]) == (brand, 2)
    assert [row[1:5] for row in depot.changes(product)] == [("product.edit", "applied", "", by)]
    assert written(depot, product) == {
        ("product.created", "admin"): 1,
        ("product.updated", by): 1,
        ("change.applied", by): 1,
    }
