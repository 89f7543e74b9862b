"""A real server and a real Chromium for every test of this folder.

The server is what `make run` starts, in a temporary folder and on a port of its own. The browser
starts with an empty profile. A page that logs an error, breaks the Content-Security-Policy or asks
any other origin for anything fails its test, whatever the test is about.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, sync_playwright

from benchmarks.chromium import started
from benchmarks.instance import Home, furnish
from benchmarks.load import LOOPBACK
from e2e.depot import Depot, opened
from tools.console import ROOT, VAR

pytest.register_assert_rewrite("e2e.aisle", "e2e.shelf", "e2e.tablets")

RELEASE = ROOT / "data" / "model"
SIZES = {"desk": (1280, 800), "tablet": (820, 1180)}
PATIENCE_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True, slots=True)
class Site:
    """The server under test."""

    origin: str
    home: Home

    def password_of(self, username: str) -> str:
        """Return a demo person's password, as `create_demo_people` printed it."""
        for line in (self.home.folder / "people.txt").read_text().splitlines():
            name, password, *_ = line.split()
            if name == username:
                return password
        raise LookupError(username)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = furnish(tmp_path_factory.mktemp("site"), release=RELEASE, static=True)
    with home.serving() as server:
        yield Site(f"http://{LOOPBACK}:{server.port}", home)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with started(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depot]:
    with opened(tmp_path_factory.mktemp("depot")) as depot:
        yield depot


@dataclass
class Witness:
    """What went wrong in a page without anybody looking."""

    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._read)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.context.on("request", self._check)

    def _read(self, message: ConsoleMessage) -> None:
        # Chromium reports each violation of the Content-Security-Policy as an error, too.
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            self.errors.append(f"{message.type}: {message.text} ({place})")

    def _check(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.foreign.append(request.url)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    """A page of the site in a context of its own, which must stay free of complaints."""
    context = browser.new_context(base_url=site.origin, service_workers="allow")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    witness = Witness(site.origin)
    witness.watch(page)
    yield page
    context.close()
    assert witness.errors == []
    assert witness.foreign == []


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at."""
    folder = VAR / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
