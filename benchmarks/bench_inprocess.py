"""The model without any server: in Python, in Node and in Chromium, beside a scikit-learn pipeline.

    python -m benchmarks.bench_inprocess [--products CSV --release FOLDER]

One thread. Each row is a process of its own, so that what one loads does not count for another.
"""

import argparse
import hashlib
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.bench_http import read_questions
from benchmarks.chromium import started
from benchmarks.instance import run
from benchmarks.processes import memory
from benchmarks.report import table
from tools.console import ROOT, VAR, main, say

BATCH = 1000
BATCHES = 5
TWIN = ROOT / "benchmarks" / "twin.mjs"
DIST = ROOT / "frontend" / "dist"
NOWHERE = "http://localhost"  # an origin that may hash; every request to it is answered here
# Chromium's clock is coarse, so one reading spans 20 products there.
IN_A_PAGE = """
async (sha256) => {
  const { timed } = await import("/twin.mjs");
  const { load } = await import("/categorizer.js");
  const bytes = new Uint8Array(await (await fetch("/model")).arrayBuffer());
  const products = await (await fetch("/questions")).json();
  return timed(load, bytes, sha256, products, 20);
}
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Timed:
    """Microseconds for one product, products a CPU-second in a batch, and what it takes to load."""

    p50: float
    p95: float
    batch_per_second: float
    load_ms: float
    resident_mb: float


def timed(
    load: Callable[[], tuple[Callable[[Any], object], Callable[[Sequence[Any]], object]]],
    products: Sequence[Mapping[str, Any]],
) -> Timed:
    """Time what `load` returns: a function for one product and one for many."""
    begun = time.perf_counter()
    suggest, suggest_many = load()
    load_ms = (time.perf_counter() - begun) * 1000
    for product in products[:100]:
        suggest(product)
    times = []
    for product in products:
        start = time.perf_counter_ns()
        suggest(product)
        times.append((time.perf_counter_ns() - start) / 1000)
    batch = [products[at % len(products)] for at in range(BATCH)]
    rates = []
    for _ in range(BATCHES):
        cpu = time.process_time()
        suggest_many(batch)
        rates.append(BATCH / (time.process_time() - cpu))
    percentiles = statistics.quantiles(times, n=100)
    return Timed(
        p50=percentiles[49],
        p95=percentiles[94],
        batch_per_second=statistics.median(rates),
        load_ms=load_ms,
        resident_mb=memory([os.getpid()]).biggest_rss,
    )


def time_shelfmark(artifact: Path, products: Sequence[Mapping[str, Any]]) -> Timed:
    def load() -> tuple[Callable[[Any], object], Callable[[Sequence[Any]], object]]:
        from categorizer import model

        data = artifact.read_bytes()
        categorizer = model.load(data, sha256=hashlib.sha256(data).hexdigest())
        return categorizer.suggest, categorizer.suggest_many

    return timed(load, products)


def time_pipeline(pickle: Path, products: Sequence[Mapping[str, Any]]) -> Timed:
    def load() -> tuple[Callable[[Any], object], Callable[[Sequence[Any]], object]]:
        import joblib

        from benchmarks.peers.pipeline import text_of

        pipeline = joblib.load(pickle)
        return (
            lambda product: pipeline.predict_proba([text_of(product)]),
            lambda many: pipeline.predict_proba([text_of(product) for product in many]),
        )

    return timed(load, products)


TIMERS = {"shelfmark": time_shelfmark, "pipeline": time_pipeline}


def in_a_process(what: str, file: Path, questions: Path) -> Timed:
    """Run one of TIMERS in a fresh process with one thread."""
    command = [sys.executable, "-m", "benchmarks.bench_inprocess", what, str(file), str(questions)]
    return Timed(**json.loads(run(command, env={**os.environ, **ONE_THREAD})))


def in_node(model: Path, questions: Path) -> Timed:
    node = ["node", str(TWIN), str(model), str(questions)]
    return Timed(**json.loads(run(node, env=os.environ)))


def in_chromium(model: Path, questions: Path) -> Timed:
    """Time the twin in a page whose files all come from here: no server, no network."""
    from playwright.sync_api import Route, sync_playwright

    files = {
        f"{NOWHERE}/": (b"<!doctype html><title>bench</title>", "text/html"),
        f"{NOWHERE}/twin.mjs": (TWIN.read_bytes(), "text/javascript"),
        f"{NOWHERE}/model": (model.read_bytes(), "application/octet-stream"),
        f"{NOWHERE}/questions": (questions.read_bytes(), "application/json"),
    }
    for script in DIST.glob("*.js"):
        files[f"{NOWHERE}/{script.name}"] = (script.read_bytes(), "text/javascript")

    def answer(route: Route) -> None:
        body, kind = files.get(route.request.url, (b"", "text/plain"))
        route.fulfill(body=body, content_type=kind)

    with sync_playwright() as playwright, started(playwright) as browser:
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto(f"{NOWHERE}/")
        sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
        found = page.evaluate(IN_A_PAGE, sha256)
    return Timed(**found, resident_mb=math.nan)


def row(name: str, file: Path, found: Timed) -> list[str]:
    return [
        name,
        *(f"{found.p50:.0f}", f"{found.p95:.0f}", f"{found.batch_per_second:.0f}"),
        f"{found.load_ms:.0f}",
        "" if math.isnan(found.resident_mb) else f"{found.resident_mb:.0f}",
        f"{file.stat().st_size / 1e6:.2f}",
    ]


def compare(products: Path, release: Path, folder: Path) -> str:
    """Time ours and the peers' model on the same questions and return the report."""
    head = machine.describe(folder)
    bodies, labels = read_questions(products)
    questions, pickle = folder / "questions.json", folder / "peers.joblib"
    questions.write_text(f"[{','.join(bodies)}]", encoding="utf-8")
    train = [sys.executable, "-m", "benchmarks.peers.pipeline", str(products), str(pickle)]
    run(train, env=os.environ)
    model, fallback = release / "model.safetensors", release / "fallback.safetensors"
    rows = [
        row("Shelfmark, Python", model, in_a_process("shelfmark", model, questions)),
        row("its fallback, Python", fallback, in_a_process("shelfmark", fallback, questions)),
        row("its twin, Node", model, in_node(model, questions)),
        row("its twin, Chromium", model, in_chromium(model, questions)),
        row("TF-IDF + LogisticRegression", pickle, in_a_process("pipeline", pickle, questions)),
    ]
    columns = ["model", "one product, p50 µs", "p95 µs", f"batch of {BATCH}, products/CPU-s"]
    columns += ["loads in ms", "process, MB resident", "file, MB"]
    about = f"{head}. {len(bodies)} questions from {products.name}, {len(labels)} labels."
    return f"{about}\n\n{table(columns, rows)}"


def command() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--products", type=Path, default=ROOT / "data" / "prepared" / "products.csv"
    )
    parser.add_argument("--release", type=Path, default=ROOT / "data" / "model")
    given = parser.parse_args()
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as folder:
        report = compare(given.products, given.release, Path(folder))
    say(report)
    (VAR / "bench-inprocess.md").write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in TIMERS:
        timer, file, questions = sys.argv[1:]
        products = json.loads(Path(questions).read_text(encoding="utf-8"))
        print(json.dumps(asdict(TIMERS[timer](Path(file), products))))
    else:
        main(command)
