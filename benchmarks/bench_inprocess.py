"""The model without any server: in Python, in Node and in Chromium, beside a scikit-learn pipeline.

    python -m benchmarks.bench_inprocess [--products CSV --release FOLDER]

One thread. Each row is a process of its own, so that what one loads does not count for another.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.bench_http import read_questions
from benchmarks.instance import run
from benchmarks.report import table
from tools.console import ROOT, VAR, CannotGoOn, main, say

BATCH = 1000
BATCHES = 5
DIST = ROOT / "frontend" / "dist" / "categorizer.js"
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
        resident_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def time_shelfmark(artifact: Path, products: Sequence[Mapping[str, Any]]) -> Timed:
    def load() -> tuple[Callable[[Any], object], Callable[[Sequence[Any]], object]]:
        import hashlib

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


def in_a_process(what: str, file: Path, questions: Path) -> Timed:
    command = [sys.executable, "-m", "benchmarks.bench_inprocess", what, str(file), str(questions)]
    return Timed(**json.loads(run(command, env={**os.environ, **ONE_THREAD})))
