"""Scanning on a tablet: with a scanner that types, on every screen, and with the camera.

The camera of these tests is Chromium's own pretended one: it shows a film of a barcode.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Playwright, expect

from benchmarks.chromium import started
from benchmarks.instance import PICKER
from e2e.accessibility import axe
from e2e.conftest import PATIENCE_MS, SIZES, Site, picture
from e2e.line import Line
from e2e.tablets import EXPECTED, SMALL, Tablet, ask, eventually, tablet
from inventory.models import gtin_check_digit
from tools.console import ROOT

__all__ = ["tablet"]

expect.set_options(timeout=PATIENCE_MS)

GS = "\x1d"
NAME = "Spirit level 60 cm, aluminium"
PLACES = ("review", "changes", "scan", "ready")
WIDTH, HEIGHT = 1280, 720
HAS_DECODER = """async () => {
  for (const name of await caches.keys()) {
    const kept = await (await caches.open(name)).keys();
    if (kept.some(({ url }) => url.endsWith(".wasm"))) return true;
  }
  return false;
}"""
COUNT_CLICKS = "window.clicks = 0; addEventListener('click', () => window.clicks++, true)"
# As a soft keyboard hands on what it gets: keys without a name, and the field changes.
HIDDEN_KEYS = """(parts) => {
  const field = document.activeElement;
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  for (const data of parts) {
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Unidentified", bubbles: true }));
    set.call(field, field.value + data);
    field.dispatchEvent(new InputEvent("input", { inputType: "insertText", data, bubbles: true }));
  }
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
}"""
BECOME = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
KEEP_STREAMS = """
  const devices = navigator.mediaDevices;
  const open = devices?.getUserMedia.bind(devices);
  window.streams = [];
  if (open) devices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    window.streams.push(stream);
    return stream;
  };
"""
RUNNING = """window.streams.flatMap((one) => one.getTracks())
  .filter((one) => one.readyState === "live").length"""


@dataclass(frozen=True)
class Thing:
    id: int
    sku: str
    gtin: str  # 13 digits


def gtin_of(text: str) -> str:
    digits = f"{abs(hash(text)) % 10**12:012d}"
    return f"{digits}{gtin_check_digit(digits)}"


@pytest.fixture
def thing(site: Site, request: pytest.FixtureRequest) -> Thing:
    """A product with a barcode."""
    gtin = gtin_of(request.node.name)
    body = {"sku": f"S{gtin[:10]}", "name": NAME, "gtin": gtin}
    port = int(site.origin.rpartition(":")[2])
    made: dict[str, Any] = ask(port, site.home.create_token(PICKER), "products", body)
    return Thing(made["id"], made["sku"], gtin)


def said(page: Page) -> Locator:
    return page.locator(".scanned")


def scan(page: Page, text: str, suffix: str | None = "Enter") -> None:
    """Type as a scanner does: a key every 5 ms by their own clock, however busy the machine is.

    Keys of the number row alone have a code here; no layout of a keyboard is pretended.
    """
    keyboard = page.context.new_cdp_session(page)
    moment = time.time()
    for key in [*text, *filter(None, [suffix])]:
        moment += 0.005
        code = {"Enter": 13, "Tab": 9}.get(key, ord(key[0]))
        is_separator = key == GS
        stroke = {
            "key": "]" if is_separator else key,
            "code": "BracketRight" if is_separator else key if len(key) > 1 else "",
            "windowsVirtualKeyCode": code if not key.isalpha() or len(key) > 1 else 0,
            "modifiers": 2 if is_separator else 0,
            "timestamp": moment,
        }
        typed = {"Enter": "\r", "Tab": "", GS: ""}.get(key, key)
        kind = "keyDown" if typed else "rawKeyDown"
        keyboard.send("Input.dispatchKeyEvent", {**stroke, "type": kind, "text": typed})
        keyboard.send("Input.dispatchKeyEvent", {**stroke, "type": "keyUp"})
    keyboard.detach()


def ready(tablet: Tablet, page: Page) -> None:
    """Sign in and wait until the chunk that scans is there."""
    tablet.ready(page)
    expect(said(page)).to_be_attached()


def at_product(page: Page, thing: Thing) -> None:
    page.wait_for_url(f"**/tablet/products/{thing.id}")
    expect(page.get_by_role("heading", level=1, name=NAME)).to_be_visible()
    expect(said(page)).to_contain_text(f"Scanned: {NAME}.")


# A scanner that types


@pytest.mark.parametrize("suffix", ["Enter", "Tab", None])
def test_a_scan_opens_its_product_from_every_screen_and_presses_nothing(
    page: Page, thing: Thing, site: Site, suffix: str | None
) -> None:
    port = int(site.origin.rpartition(":")[2])
    body = {"sku": f"{thing.sku}-B", "name": "Another thing"}
    other = f"products/{ask(port, site.home.create_token(PICKER), 'products', body)['id']}"
    for place in ("", "products/new", other, f"{other}/edit", *PLACES):
        page.goto(f"/tablet/{place}")
        expect(said(page)).to_be_attached()
        page.get_by_role("heading", level=1).first.wait_for()
        page.evaluate(COUNT_CLICKS)
        button = page.locator("main :is(button:enabled, a.button), header button").first
        button.focus()
        expect(button).to_be_focused()
        scan(page, thing.gtin, suffix)
        at_product(page, thing)
        assert page.evaluate("window.clicks") == 0, place


@pytest.fixture
def page(tablet: Tablet) -> Page:
    """A tablet on which somebody is signed in."""
    page = tablet.page()
    ready(tablet, page)
    return page


def test_a_scan_into_a_field_leaves_it_as_it_was_and_keeps_what_was_typed(
    page: Page, thing: Thing
) -> None:
    page.goto("/tablet/products/new")
    expect(said(page)).to_be_attached()
    name = page.get_by_label("Name")
    name.press_sequentially("Level", delay=130)
    expect(name).to_have_value("Level")
    scan(page, thing.gtin)
    at_product(page, thing)
    expect(said(page)).to_contain_text("What you typed before is kept.")
    page.go_back()
    expect(page.get_by_label("Name")).to_have_value("Level")
    expect(page.get_by_label("Barcode")).to_have_value("")
    page.get_by_label("Description").fill("Two lines\nof text")
    scan(page, thing.gtin, "Tab")
    at_product(page, thing)
    page.go_back()
    expect(page.get_by_label("Description")).to_have_value("Two lines\nof text")


def test_a_field_that_asks_for_a_code_gets_the_gtin_of_the_label(page: Page, thing: Thing) -> None:
    page.goto("/tablet/products/new")
    expect(said(page)).to_be_attached()
    barcode = page.get_by_label("Barcode")
    barcode.focus()
    scan(page, f"010{thing.gtin}10AB-1{GS}21S7")
    expect(barcode).to_have_value(thing.gtin)
    expect(barcode).to_be_focused()
    scan(page, f"{thing.gtin[:-1]}{(int(thing.gtin[-1]) + 1) % 10}")
    expect(said(page)).to_contain_text("The check digit of this GTIN should be")
    expect(barcode).to_have_value(thing.gtin)
    # The suffix saved nothing, and moved to no other field.
    expect(page.get_by_text("A product needs a name.")).to_have_count(0)


def test_what_a_person_types_is_theirs(page: Page, thing: Thing) -> None:
    page.goto("/tablet/")
    expect(said(page)).to_be_attached()
    field = page.get_by_label("Name, SKU or barcode")
    field.press_sequentially(thing.sku, delay=120)
    expect(field).to_have_value(thing.sku)
    expect(said(page)).to_have_text("")
    field.press("Enter")
    page.wait_for_url(f"**/tablet/products/{thing.id}")
    expect(said(page)).to_have_text("")


def test_keys_that_a_soft_keyboard_hides_are_read_from_the_field(page: Page, thing: Thing) -> None:
    page.goto("/tablet/")
    expect(said(page)).to_be_attached()
    field = page.get_by_label("Name, SKU or barcode")
    field.focus()
    # A word at once is a finger that glides over the letters, or the clipboard.
    page.evaluate(HIDDEN_KEYS, [f"{thing.gtin} "])
    expect(field).to_have_value(f"{thing.gtin} ")
    expect(said(page)).to_have_text("")
    field.fill("")
    page.evaluate(HIDDEN_KEYS, list(thing.gtin))
    at_product(page, thing)
    page.go_back()
    expect(field).to_have_value("")


def test_the_same_code_twice_says_so_and_stays(page: Page, thing: Thing) -> None:
    scan(page, thing.gtin)
    at_product(page, thing)
    scan(page, thing.gtin)
    expect(said(page)).to_contain_text(f"Scanned twice: {NAME}.")
    assert page.url.endswith(f"/tablet/products/{thing.id}")
    page.get_by_role("button", name="Close").click()
    expect(said(page)).to_have_text("")


def test_an_unknown_code_begins_a_new_product(page: Page, thing: Thing) -> None:
    unknown = gtin_of(f"unknown {thing.gtin}")
    scan(page, f"]E0{unknown}")
    expect(page.get_by_label("Barcode")).to_have_value(unknown)
    expect(said(page)).to_contain_text(f"No product has the code {unknown} yet.")
    scan(page, "KOR-1042/B")
    expect(page.get_by_label("SKU")).to_have_value("KOR-1042/B")


def test_labels_that_are_of_no_product_say_what_they_are(page: Page, thing: Thing) -> None:
    home = page.url
    digits = f"0034{thing.gtin}"
    unit = f"{digits}{gtin_check_digit(digits)}"[-18:]
    unit = f"{unit[:-1]}{gtin_check_digit(unit[:-1])}"
    scan(page, f"]C100{unit}")
    expect(said(page)).to_contain_text(f"This is a logistic unit (SSCC {unit}), not a product.")
    scan(page, f"{thing.gtin[:-1]}{(int(thing.gtin[-1]) + 1) % 10}")
    expect(said(page)).to_contain_text("The check digit of this GTIN should be")
    assert page.url == home


def test_without_a_connection_a_scan_opens_what_is_on_the_tablet(
    page: Page, tablet: Tablet, thing: Thing
) -> None:
    scan(page, thing.gtin)
    at_product(page, thing)
    page.goto("/tablet/")
    tablet.lose_connection(page)
    page.reload()
    expect(said(page)).to_be_attached()
    scan(page, f"010{thing.gtin}17200131")
    at_product(page, thing)
    expect(said(page)).to_contain_text("It expired on 31 January 2020.")


# The camera


def film(path: Path, format: str, text: str, options: str = "") -> None:
    """Write a film of a barcode on white paper (YUV4MPEG2)."""
    program = shutil.which("node")
    assert program, "Node is not installed. `make test` sets it up."
    command = [program, str(ROOT / "frontend/scripts/barcode.mjs"), format, text, options]
    done = subprocess.run(command, capture_output=True, check=True)
    symbol = json.loads(done.stdout)
    width, height, grey = symbol["width"], symbol["height"], bytes(symbol["data"])
    scale = min(600 // width, 320 // height)
    rows = [
        b"".join(grey[row * width + column : row * width + column + 1] * scale
                 for column in range(width))
        for row in range(height)
    ]  # fmt: skip
    left = (WIDTH - width * scale) // 2
    above = (HEIGHT - height * scale) // 2
    paper = b"\xeb" * WIDTH
    # Luma goes from 16 to 235.
    drawn = [
        b"\xeb" * left + bytes(16 + dot * 219 // 255 for dot in row)
        + b"\xeb" * (WIDTH - left - len(row))
        for row in rows
    ]  # fmt: skip
    lines = [paper] * above + [line for line in drawn for _ in range(scale)]
    lines += [paper] * (HEIGHT - len(lines))
    frame = b"FRAME\n" + b"".join(lines) + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode() + frame * 3)


Filming = Callable[..., Page]


@pytest.fixture
def filming(site: Site, playwright: Playwright, tmp_path: Path) -> Iterator[Filming]:
    """Start a tablet whose camera sees a barcode, and sign in there."""
    path = tmp_path / "camera.y4m"
    options = (
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    )
    running: list[Tablet] = []
    with ExitStack() as opened:

        def start(*barcode: str, may_film: bool = True) -> Page:
            film(path, *barcode)
            browser = opened.enter_context(started(playwright, *options))
            tablet = Tablet(Line(int(site.origin.rpartition(":")[2])), site, browser)
            running.append(tablet)
            page = tablet.page(permissions=["camera"] if may_film else [])
            page.add_init_script(KEEP_STREAMS)
            ready(tablet, page)
            return page

        yield start
        for tablet in running:
            for context in tablet.contexts:
                context.close()
            tablet.line.close()
    for tablet in running:
        assert [one for one in tablet.witness.errors if not EXPECTED.search(one)] == []
        assert tablet.witness.foreign == []


def test_the_camera_opens_the_product_that_it_sees_and_is_given_back(
    filming: Filming, thing: Thing
) -> None:
    page = filming("EAN13", thing.gtin)
    page.get_by_role("link", name="Scan").click()
    at_product(page, thing)
    expect(page.get_by_label("What the camera sees")).to_have_count(0)
    assert page.evaluate("window.streams.length") == 1
    assert page.evaluate(RUNNING) == 0


def test_the_camera_reads_a_gs1_datamatrix_without_a_connection(
    filming: Filming, thing: Thing
) -> None:
    page = filming("DataMatrix", f"(01)0{thing.gtin}(17)201200(10)A-1(21)S7", "gs1")
    # The decoder comes by itself, long before anybody opens the camera.
    eventually(page, lambda: bool(page.evaluate(HAS_DECODER)))
    scan(page, thing.gtin)
    at_product(page, thing)
    page.context.set_offline(True)
    page.goto("/tablet/scan")
    at_product(page, thing)
    expect(said(page)).to_contain_text("Batch A-1. Serial number S7.")
    expect(said(page)).to_contain_text("It expired on 31 December 2020.")


def test_a_code_that_stays_in_the_picture_is_told_once(filming: Filming, thing: Thing) -> None:
    digits = f"0034{thing.gtin}"
    unit = digits + str(gtin_check_digit(digits))
    page = filming("Code128", f"(00){unit}", "gs1")
    page.goto("/tablet/scan")
    expect(said(page)).to_contain_text(f"SSCC {unit}")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        expect(page.get_by_text("Hold the barcode in the frame.")).to_be_visible()
        picture(page, f"tablet-scan-{size}")
        assert page.evaluate(SMALL) == []
        assert axe(page) == []
    # Nobody sees the page: the camera is given back, and opened again afterwards.
    for state, count in (("hidden", 0), ("visible", 1)):
        page.evaluate(BECOME, state)
        # The default binds what the loop has now, which mypy cannot follow.
        eventually(page, lambda count=count: page.evaluate(RUNNING) == count)  # type: ignore[misc]
    page.get_by_role("button", name="Close").click()
    seen = "document.querySelector('.scanned').textContent"
    page.wait_for_timeout(1_000)
    assert page.evaluate(seen) == ""


def test_a_camera_that_is_not_allowed_says_what_to_do(filming: Filming, thing: Thing) -> None:
    page = filming("EAN13", thing.gtin, may_film=False)
    page.goto("/tablet/scan")
    expect(page.get_by_role("alert")).to_contain_text("The camera is not allowed")
    page.context.grant_permissions(["camera"])
    page.get_by_role("button", name="Try again").click()
    at_product(page, thing)


def test_without_a_camera_a_code_can_be_typed(page: Page, thing: Thing) -> None:
    page.goto("/tablet/scan")
    expect(page.get_by_role("alert")).to_contain_text("This device has no camera.")
    field = page.get_by_label("Or type the code")
    field.press_sequentially(thing.gtin, delay=120)
    field.press("Enter")
    at_product(page, thing)
