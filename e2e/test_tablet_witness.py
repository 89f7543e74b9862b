"""Each tablet is a witness of the log: what it accepted once, the server has to continue.

A real Chromium meets a real server whose database is set back, or whose log is written anew with
the right key, as only somebody could who has both.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from benchmarks.instance import PICKER, Home, furnish
from benchmarks.load import LOOPBACK
from e2e.accessibility import axe
from e2e.conftest import PATIENCE_MS, RELEASE, SIZES, Site, picture
from e2e.line import Line
from e2e.tablets import NO_CONNECTION, SMALL, Tablet, ask, connection, eventually, receipt

expect.set_options(timeout=PATIENCE_MS)

# What Chromium itself says when the server refuses or is away; everything else is a fault of ours.
EXPECTED = re.compile(r"Failed to load resource: .*(net::ERR_|status of 409)|An unknown error occ")
GROW = """
from django.db import transaction
from ledger import log
from ledger.actions import record, sealing
from lib import clock

with transaction.atomic():
    for number in range({count}):
        record("weather.noted", actor=None, subject="{world}", now=clock.now(), number=number)
sealing.seal(now=clock.now())
sealing.sign(now=clock.now(), at_once=True)
print(log.latest_checkpoint().size)
"""
TABLETS = """
import json
from accounts.models import Tablet

print(json.dumps([
    [str(one.uuid), one.checkpoint_size, one.model_sha256, one.alarmed_at is not None,
     list(one.reports.filter(kind="alarm").values_list("kept", "seen"))]
    for one in Tablet.objects.order_by("pk")
]))
"""
# Chrome before 137, as far as signatures go.
NO_ED25519 = """
const { subtle } = crypto;
const importKey = subtle.importKey.bind(subtle);
subtle.importKey = async (format, key, algorithm, ...more) => {
  if ((algorithm.name ?? algorithm) === "Ed25519") {
    throw new DOMException("Algorithm: Unrecognized name", "NotSupportedError");
  }
  return importKey(format, key, algorithm, ...more);
};
"""
LOG = re.compile(r"^Log (checked|last found whole): ")


@dataclass
class House:
    """A server whose database one can take away and bring back, behind a line of its own."""

    home: Home
    line: Line = field(init=False)
    _running: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.line = Line(0)
        self.start()

    @property
    def database(self) -> Path:
        return self.home.folder / "db.sqlite3"

    def start(self) -> None:
        self.line.server_port = self._running.enter_context(self.home.serving()).port

    def stop(self) -> None:
        self._running.close()

    def copy(self, name: str) -> Path:
        """Stop, and keep a copy of the database as it is."""
        self.stop()
        folder = self.home.folder / name
        folder.mkdir()
        for file in self.home.folder.glob("db.sqlite3*"):
            shutil.copy2(file, folder)
        return folder

    def restore(self, folder: Path) -> None:
        """Put the copy in the place of the database. The server must not run."""
        for file in self.home.folder.glob("db.sqlite3*"):
            file.unlink()
        for file in folder.iterdir():
            shutil.copy2(file, self.home.folder)

    def shell(self, script: str) -> str:
        return self.home.manage("shell", "--verbosity=0", "-c", script).strip()

    def grow(self, count: int, world: str = "ours") -> str:
        """Let the log grow; return its size as a screen shows it."""
        return f"{int(self.shell(GROW.format(count=count, world=world))):,}"

    def tablets(self) -> list[list[Any]]:
        told: list[list[Any]] = json.loads(self.shell(TABLETS))
        return told


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(furnish(tmp_path_factory.mktemp("house"), release=RELEASE, static=True))
    house.grow(3)
    yield house
    house.stop()
    house.line.close()


@pytest.fixture
def tablet(house: House, browser: Browser) -> Iterator[Tablet]:
    house.line.behave()
    site = Site(f"http://{LOOPBACK}:{house.line.server_port}", house.home)
    tablet = Tablet(house.line, site, browser)
    yield tablet
    for context in tablet.contexts:
        context.close()
    assert [error for error in tablet.witness.errors if not EXPECTED.search(error)] == []
    assert tablet.witness.foreign == []


def log_line(page: Page) -> Locator:
    return page.get_by_text(LOG)


def warning(page: Page) -> Locator:
    return page.get_by_role("alert")


def checked(page: Page, size: str) -> None:
    expect(log_line(page)).to_have_text(f"Log checked: {size} entries, a moment ago")


def size_of(note: str) -> str:
    """Return the size that a checkpoint names, as a screen shows it."""
    return f"{int(note.splitlines()[1]):,}"


def test_a_log_that_grows_is_followed_and_the_server_knows_it(house: House, tablet: Tablet) -> None:
    size = house.grow(0)
    page = tablet.page()
    tablet.ready(page)
    checked(page, size)
    size = house.grow(1_000)
    page.reload()
    checked(page, size)
    expect(warning(page)).to_have_count(0)
    assert axe(page) == []
    picture(page, "tablet-log-desk")

    token = house.home.create_token(PICKER)
    product = ask(
        house.line.server_port,
        token,
        "products",
        {"sku": "W-1", "name": "Claw hammer 500 g, fibreglass handle"},
    )["id"]
    page.goto(f"/tablet/products/{product}")
    receipt(page)
    with page.expect_response(re.compile(r"/api/v1/tablets/")) as told:
        page.reload()
    live = told.value.json()["model_sha256"]
    assert re.fullmatch(r"[0-9a-f]{64}", live)
    (row,) = house.tablets()
    assert row == [told.value.json()["id"], row[1], live, False, []]

    # No connection is no alarm.
    tablet.lose_connection(page)
    page.reload()
    expect(connection(page)).to_have_text(NO_CONNECTION)
    expect(log_line(page)).to_contain_text(size)
    expect(warning(page)).to_have_count(0)
    tablet.find_connection(page)


def test_yesterdays_database_is_noticed_at_the_first_meeting(
    house: House, tablet: Tablet, tmp_path: Path
) -> None:
    size_yesterday = house.grow(0)
    page = tablet.page()
    tablet.ready(page)
    yesterday = house.copy("yesterday")
    house.start()
    size = house.grow(20)
    page.reload()
    checked(page, size)

    house.stop()
    house.restore(yesterday)
    house.start()
    page.reload()
    expect(warning(page)).to_contain_text("The server’s record of the past has changed.")
    expect(warning(page)).to_contain_text("It no longer has entries that it had signed.")
    expect(warning(page)).to_contain_text("tell your auditor. Your work goes on.")
    # What it had accepted, it keeps.
    expect(log_line(page)).to_contain_text(f"Log last found whole: {size} entries")
    for form, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        assert axe(page) == []
        assert page.evaluate(SMALL) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        picture(page, f"tablet-alarm-{form}")

    with page.expect_download() as download:
        page.get_by_role("button", name="Save the evidence").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    evidence = json.loads(file.read_text(encoding="utf-8"))
    assert evidence["format"] == "shelfmark-alarm/1"
    assert evidence["reason"] == "refused"
    kept, seen = evidence["kept"], evidence["seen"]
    assert [size_of(note) for note in (kept, seen)] == [size, size_yesterday]
    own = [one for one in house.tablets() if one[0] == evidence["tablet"]]
    assert [one[3:] for one in own] == [[True, [[kept, seen]]]]

    auditor = tablet.page()
    tablet.sign_in(auditor, "dora", then="/admin/accounts/tablet/")
    assert axe(auditor) == []
    picture(auditor, "desk-tablets")
    auditor.get_by_role("link", name=evidence["tablet"]).click()
    expect(auditor.get_by_text("the log of today does not continue it")).to_be_visible()
    for form, (width, height) in SIZES.items():
        auditor.set_viewport_size({"width": width, "height": height})
        assert axe(auditor) == []
        picture(auditor, f"desk-tablet-{form}")

    # It stays: without a connection, on every screen, and when the person leaves.
    tablet.lose_connection(page)
    for address in ("/tablet/", "/tablet/products/1", "/tablet/nowhere"):
        page.goto(address)
        expect(connection(page)).to_have_text(NO_CONNECTION)
        expect(warning(page)).to_be_visible()
    tablet.find_connection(page)
    expect(connection(page)).to_have_text("Online")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Nobody is signed in")).to_be_visible()
    expect(warning(page)).to_be_visible()
    tablet.sign_in(page, "rita")
    expect(page.get_by_text("Signed in as Rita")).to_be_visible()
    expect(warning(page)).to_be_visible()


def test_a_log_written_anew_with_the_right_key_is_noticed(house: House, tablet: Tablet) -> None:
    page = tablet.page(color_scheme="dark")
    tablet.ready(page)
    before = house.copy("before")
    house.start()
    size = house.grow(7)
    page.reload()
    checked(page, size)

    house.stop()
    house.restore(before)
    # The same key signs another past, longer than the one that the tablet has seen.
    other = house.grow(30, world="theirs")
    house.start()
    page.reload()
    expect(warning(page)).to_contain_text("It has other entries than those that it had signed")
    expect(log_line(page)).to_contain_text(f"Log last found whole: {size} entries")
    width, height = SIZES["tablet"]
    page.set_viewport_size({"width": width, "height": height})
    assert axe(page) == []
    picture(page, "tablet-alarm-dark")
    alarms = [one[4] for one in house.tablets() if one[3]]
    (kept, seen) = alarms[-1][0]
    assert [size_of(note) for note in (kept, seen)] == [size, other]

    # Another tablet that has never met the true log cannot know, and says nothing.
    newcomer = tablet.page()
    tablet.ready(newcomer)
    checked(newcomer, other)
    expect(warning(newcomer)).to_have_count(0)


def test_a_browser_without_ed25519_says_so_and_still_notices(house: House, tablet: Tablet) -> None:
    page = tablet.page()
    page.add_init_script(NO_ED25519)
    tablet.ready(page)
    expect(log_line(page)).to_contain_text("without its signature, which this browser cannot check")
    before = house.copy("without")
    house.start()
    size = house.grow(5)
    page.reload()
    expect(log_line(page)).to_contain_text(f"{size} entries, a moment ago, without its signature")
    expect(warning(page)).to_have_count(0)
    house.stop()
    house.restore(before)
    house.start()
    page.reload()
    expect(warning(page)).to_be_visible()


def test_a_rejected_report_disturbs_nobody(house: House, tablet: Tablet) -> None:
    size = house.grow(0)
    page = tablet.page()
    tablet.line.lose(r"^/api/v1/tablets/")
    tablet.ready(page)
    checked(page, size)
    eventually(page, lambda: tablet.line.count(r"^POST /api/v1/tablets/") > 0)
    expect(page.get_by_role("heading", name="Find a product")).to_be_visible()
    expect(warning(page)).to_have_count(0)
