"""What a tablet's own categorizer costs: from its store to ready, and for each product.

    python -m benchmarks.bench_tablet [--release FOLDER --products CSV]

In Chromium, with the worker that Vite built for the tablet, and once more in the page itself with
a processor four times slower: Chromium throttles pages, but no workers. With SHELFMARK_CATALOGUES,
a model is trained on each of those catalogues, too, and asked about its test split.
"""

import argparse
import csv
import hashlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from benchmarks import catalogues, machine
from benchmarks.bench_catalogues import train
from benchmarks.chromium import started
from benchmarks.report import table
from categorizer.cli import as_json
from categorizer.model import load
from categorizer.vectors import questions
from tools.console import ROOT, VAR, CannotGoOn, main, say

DIST = ROOT / "frontend" / "dist"
SCRIPT = ROOT / "benchmarks" / "tablet.mjs"
NOWHERE = "http://localhost"  # an origin that may hash; every request to it is answered here
LOADS = 9
MOST = 4000
THROTTLED = 4
# With these, Chromium's clock is exact to 5 microseconds instead of 100.
ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
RUN = "async ([way, given]) => (await import('/tablet.mjs'))[way](given)"
WAYS = (
    ("in the worker, as on the tablet", "inWorker", 1),
    ("in the page", "inPage", 1),
    (f"in the page, processor throttled {THROTTLED} times", "inPage", THROTTLED),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A model and what it is asked."""

    name: str
    model: Path
    products: Sequence[Mapping[str, Any]]


def sample(products: Path, release: Path) -> Case:
    with products.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    fields = (*catalogues.TEXT, *catalogues.NUMBERS)
    chosen = [{field: row[field] for field in fields if row.get(field)} for row in spread(rows)]
    return Case("sample", release / "model.safetensors", chosen)


def real_ones(folder: Path) -> Iterator[Case]:
    for catalogue in catalogues.every():
        say(f"{catalogue.name}: training")
        (folder / catalogue.name).mkdir()
        release, _ = train(catalogue, split="split", folder=folder / catalogue.name)
        asked = [dict(row.product) for row in catalogue.rows]
        yield Case(catalogue.name, release / "model.safetensors", spread(asked))


def spread(rows: Sequence[Any]) -> list[Any]:
    """Return MOST rows at most, from the whole file: its neighbours are alike."""
    return list(rows[:: max(1, len(rows) // MOST)])[:MOST]


def files(case: Case) -> dict[str, tuple[bytes, str]]:
    """Return what the page may ask for."""
    (worker,) = (DIST / "pages" / "assets").glob("worker-*.js")
    data = case.model.read_bytes()
    model = load(data, sha256=hashlib.sha256(data).hexdigest())
    vectors = [
        {"product": product, "top": 5, "answer": as_json(model.suggest(product, top=5))}
        for product in questions(model)
    ]
    return {
        "/": (b"<!doctype html><title>bench</title>", "text/html"),
        "/tablet.mjs": (SCRIPT.read_bytes(), "text/javascript"),
        "/categorizer.js": ((DIST / "categorizer.js").read_bytes(), "text/javascript"),
        "/tablet-worker.js": (worker.read_bytes(), "text/javascript"),
        "/model": (data, "application/octet-stream"),
        "/questions": (json.dumps(list(case.products)).encode(), "application/json"),
        "/vectors": (json.dumps(vectors).encode(), "application/json"),
    }


def measure(case: Case, browser: Browser) -> list[list[str]]:
    """Return a row of the report for each way."""
    known = files(case)

    def answer(route: Route) -> None:
        body, kind = known.get(route.request.url.removeprefix(NOWHERE), (b"", "text/plain"))
        route.fulfill(body=body, headers={"Content-Type": kind, **ISOLATED})

    context = browser.new_context()
    context.route("**/*", answer)
    page = context.new_page()
    page.goto(NOWHERE)
    page.evaluate(RUN, ["keep", None])
    sha256 = hashlib.sha256(case.model.read_bytes()).hexdigest()
    rows = [row(case, way, *timed(page, sha256, function, rate)) for way, function, rate in WAYS]
    context.close()
    return rows


def timed(page: Page, sha256: str, function: str, rate: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds until new pages were ready, and the microseconds of each product."""
    throttle = page.context.new_cdp_session(page)
    loads: list[float] = []
    times: list[float] = []
    for number in range(LOADS):
        page.goto(NOWHERE)  # a page of its own: nothing is compiled or loaded
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        is_asked = number == LOADS - 1
        found = page.evaluate(RUN, [function, {"sha256": sha256, "isAsked": is_asked}])
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        if not found["is_exact_clock"]:
            raise CannotGoOn("Chromium's clock is too coarse: the page is not isolated.")
        loads.append(found["load_ms"])
        times = found["times"]
    throttle.detach()
    return loads, times


def row(case: Case, way: str, loads: Sequence[float], times: Sequence[float]) -> list[str]:
    percentiles = statistics.quantiles(times, n=100)
    return [
        case.name,
        way,
        f"{case.model.stat().st_size / 1e6:.2f}",
        f"{statistics.median(loads):.0f}",
        f"{max(loads):.0f}",
        f"{len(times):,}",
        f"{statistics.mean(times) / 1000:.2f}",
        f"{percentiles[49] / 1000:.2f}",
        f"{percentiles[94] / 1000:.2f}",
        f"{max(times) / 1000:.1f}",
    ]


def report(cases: Iterator[Case]) -> str:
    head = machine.describe(VAR)
    rows: list[list[str]] = []
    with sync_playwright() as playwright, started(playwright) as browser:
        for case in cases:
            say(f"{case.name}: {len(case.products):,} products")
            rows += measure(case, browser)
    columns = ["catalogue", "where", "file, MB", "ready after, median ms", "slowest", "products"]
    columns += ["one product: mean ms", "p50", "p95", "worst"]
    return f"{head}\n\n{table(columns, rows)}"


def command() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=Path, default=ROOT / "data" / "raw" / "products.csv")
    parser.add_argument("--release", type=Path, default=ROOT / "data" / "model")
    given = parser.parse_args(sys.argv[1:])
    VAR.mkdir(exist_ok=True)

    def cases(folder: Path) -> Iterator[Case]:
        yield sample(given.products, given.release)
        if os.environ.get("SHELFMARK_CATALOGUES"):
            yield from real_ones(folder)

    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as folder:
        told = report(cases(Path(folder)))
    say(told)
    (VAR / "bench-tablet.md").write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(command)
