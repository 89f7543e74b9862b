"""The model on a tablet: it comes in parts, proves itself, and answers what the server answers.

A real Chromium fetches it from a real server through a line that cuts downloads and turns bytes
over. What the tablet then says without a connection is compared with what the server said.
"""

import csv
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.instance import PICKER, furnish
from benchmarks.load import LOOPBACK
from e2e import chaos
from e2e.chaos import Call, Fault, Go, Reply
from e2e.conftest import PATIENCE_MS, RELEASE, Site
from e2e.scene import SAMPLE
from e2e.tablets import NO_CONNECTION, Tablet, ask, connection, eventually
from e2e.test_tablet_witness import EXPECTED, House
from registry.tests.releases import train

expect.set_options(timeout=PATIENCE_MS)

PART = 262_144
FILE = r"GET /models/"
MANIFEST = r"/api/v1/models/live"
# What the tablet holds, read past all of its own code.
HELD = """
async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === "shelfmark-models")) return null;
  const opening = indexedDB.open("shelfmark-models");
  const of = (request) => new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const database = await of(opening);
  const stores = database.transaction(["models", "parts"]);
  const models = await of(stores.objectStore("models").get("models"));
  const keys = await of(stores.objectStore("parts").getAllKeys());
  database.close();
  const parts = {};
  for (const [sha256] of keys) parts[sha256] = (parts[sha256] ?? 0) + 1;
  return {
    active: models?.active?.sha256 ?? null,
    previous: models?.previous?.sha256 ?? null,
    coming: models?.coming?.sha256 ?? null,
    turned: models?.turned?.sha256 ?? null,
    parts,
  };
}
"""
# The worker that Vite built for the tablet, asked as the tablet asks it.
ASK_WORKER = """
async ({ address, products }) => {
  const of = (request) => new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const database = await of(indexedDB.open("shelfmark-models"));
  const stores = database.transaction(["models", "parts"]);
  const { active } = await of(stores.objectStore("models").get("models"));
  const range = IDBKeyRange.bound([active.sha256, 0], [active.sha256, 1e6]);
  const parts = await of(stores.objectStore("parts").getAll(range));
  database.close();
  const model = new Uint8Array(await new Blob(parts).arrayBuffer());
  const worker = new Worker(address);
  const told = (message) => new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.postMessage(message);
  });
  await told({ id: 1, model, sha256: active.sha256, vectors: active.vectors });
  const vectors = [];
  for (const { product, top } of active.vectors) {
    vectors.push((await told({ id: 2, products: [product], top })).answers[0]);
  }
  const { answers } = await told({ id: 3, products, top: 5 });
  worker.terminate();
  return { sha256: active.sha256, vectors, answers };
}
"""
RECALL = """
from accounts.models import User
from lib import clock
from predictions.actions.recalls import recall

by = User.objects.get(username="admin")
recall(sha256="{sha256}", reason="It files hammers as lamps.", by=by, now=clock.now())
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(furnish(tmp_path_factory.mktemp("models"), release=RELEASE, static=True))
    yield house
    house.stop()
    house.line.close()


@pytest.fixture(scope="module")
def other(house: House, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another model that may answer: it is approved, and not deployed."""
    release = train(tmp_path_factory.mktemp("release") / "one")
    sha256 = digest(release / "model.safetensors")
    house.home.manage("register_model", release, "--by", "alice")
    house.home.manage("approve_model", sha256, "--by", "bob", "--reason", "For the test.")
    return sha256


@pytest.fixture
def tablet(house: House, browser: Browser) -> Iterator[Tablet]:
    house.line.behave()
    deploy(house, first())
    site = Site(f"http://{LOOPBACK}:{house.line.server_port}", house.home)
    tablet = Tablet(house.line, site, browser)
    yield tablet
    house.line.behave()
    for context in tablet.contexts:
        context.close()
    assert [error for error in tablet.witness.errors if not EXPECTED.search(error)] == []
    assert tablet.witness.foreign == []


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def first() -> str:
    return digest(RELEASE / "model.safetensors")


def part_count() -> int:
    return -(-(RELEASE / "model.safetensors").stat().st_size // PART)


def live(house: House) -> Any:
    return ask(house.line.server_port, house.home.create_token(PICKER), "models/live")


def deploy(house: House, sha256: str) -> None:
    """Let a model answer, and wait until the server knows it."""
    if live(house)["sha256"] != sha256:
        house.home.manage("deploy_model", sha256, "--by", "bob")
        while live(house)["sha256"] != sha256:
            time.sleep(0.05)


def held(page: Page) -> Any:
    return page.evaluate(HELD)


def holds(page: Page, **expected: Any) -> None:
    """Wait until the tablet holds these models."""

    def is_so() -> bool:
        found = held(page)
        return found is not None and all(found[name] == one for name, one in expected.items())

    eventually(page, is_so)


def after(count: int, fault: Fault) -> Fault:
    """Let so many requests pass, and those after them suffer."""
    lock = threading.Lock()
    met = 0

    def some(call: Call, go: Go) -> Reply:
        nonlocal met
        with lock:
            met += 1
            is_good = met <= count
        return go() if is_good else fault(call, go)

    return some


def turned_over(body: bytes) -> bytes:
    """Return a body with one byte that is another one."""
    changed = bytearray(body)
    changed[len(body) // 2] ^= 1
    return bytes(changed)


def sample(count: int) -> list[dict[str, Any]]:
    """Return products from the whole of the sample: its neighbours are alike."""
    with SAMPLE.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    texts, numbers = ("name", "description", "brand"), ("width_mm", "height_mm", "weight_g")
    return [
        {name: row[name] for name in texts if row[name]}
        | {name: int(row[name]) for name in numbers if row[name]}
        for row in rows[:: len(rows) // count][:count]
    ]


def test_without_a_connection_it_answers_what_the_server_answers(
    house: House, tablet: Tablet
) -> None:
    page = tablet.page()
    tablet.ready(page)
    holds(page, active=first(), coming=None, parts={first(): part_count()})
    assert house.line.count(FILE) == part_count()
    manifest = live(house)
    asked = sample(200)
    token = house.home.create_token(PICKER)
    server = ask(house.line.server_port, token, "predictions", asked)

    tablet.lose_connection(page)
    page.reload()
    expect(connection(page)).to_have_text(NO_CONNECTION)
    told = page.evaluate(ASK_WORKER, {"address": worker_address(), "products": asked})
    tablet.find_connection(page)

    assert told["sha256"] == manifest["sha256"]
    assert told["vectors"] == [vector["answer"] for vector in manifest["vectors"]]
    compared = 0
    for theirs, mine in zip(server, told["answers"], strict=True):
        if theirs["decision_path"] == "live":
            assert [(one["label"], one["confidence_ppm"]) for one in mine["suggestions"]] == [
                (one["category"], one["confidence_ppm"])
                for one in (theirs, *theirs["alternatives"])
            ]
            compared += 1
        else:
            assert mine["matched"] == 0
    assert compared > 150


def worker_address() -> str:
    """Return where the tablet's worker is, as Vite wrote it down."""
    folder = Path(__file__).parents[1] / "frontend" / "dist" / "pages"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assets = {name for chunk in manifest.values() for name in chunk.get("assets", [])}
    (worker,) = (name for name in assets if re.search(r"worker-[\w-]+\.js$", name))
    return f"/static/app/pages/{worker}"


def test_a_download_that_was_cut_goes_on_where_it_was(house: House, tablet: Tablet) -> None:
    before = house.line.count(FILE)
    whole = part_count() * 6 // 10
    house.line.meet(FILE, after(whole, chaos.cut(share=0.6)))
    page = tablet.page()
    tablet.ready(page)
    holds(page, active=None, coming=first(), parts={first(): whole})
    house.line.behave()
    cut = house.line.count(FILE) - before - whole
    page.reload()
    holds(page, active=first(), coming=None, parts={first(): part_count()})
    assert house.line.count(FILE) - before == part_count() + cut


def test_a_wrong_byte_is_refused_and_fetched_again(house: House, tablet: Tablet) -> None:
    before = house.line.count(FILE)
    house.line.change(FILE, turned_over)
    page = tablet.page()
    tablet.ready(page)
    eventually(page, lambda: house.line.count(FILE) >= before + part_count())
    holds(page, active=None, coming=None, turned=None, parts={})
    house.line.behave()
    page.reload()
    holds(page, active=first())


def test_a_model_that_answers_otherwise_is_refused_and_the_one_before_goes_on(
    house: House, tablet: Tablet, other: str
) -> None:
    page = tablet.page()
    tablet.ready(page)
    holds(page, active=first())

    def lie(body: bytes) -> bytes:
        told = json.loads(body)
        told["vectors"][-1]["answer"]["suggestions"][0]["score"] += 1
        return json.dumps(told).encode()

    house.line.change(MANIFEST, lie)
    deploy(house, other)
    page.reload()
    holds(page, active=first(), previous=None, coming=None, turned=other)
    assert list(held(page)["parts"]) == [first()]

    house.line.behave()
    page.goto("/tablet/ready")
    expect(connection(page)).to_have_text("Online")
    page.get_by_role("button", name="Look for what is new").click()
    holds(page, active=other, previous=first(), turned=None)


def test_another_live_model_takes_over_and_the_server_hears_of_it(
    house: House, tablet: Tablet, other: str
) -> None:
    page = tablet.page()
    tablet.ready(page)
    holds(page, active=first())
    deploy(house, other)
    with page.expect_request(
        lambda request: (
            "/api/v1/tablets/" in request.url
            and (request.post_data_json or {}).get("model_sha256") == other
        )
    ):
        page.reload()
    holds(page, active=other, previous=first())


def test_a_withdrawn_model_is_dropped_and_nothing_is_said_until_the_next_one(
    house: House, tablet: Tablet, other: str
) -> None:
    deploy(house, other)
    page = tablet.page()
    tablet.ready(page)
    holds(page, active=other)
    house.shell(RECALL.format(sha256=other))
    page.reload()
    holds(page, active=None, previous=None, parts={})
    deploy(house, first())
    page.reload()
    holds(page, active=first(), previous=None)
