"""Train on each real catalogue, import it, categorize its test split over HTTP, and judge that.

    python -m benchmarks.bench_catalogues [--only ikea] [--split split_grouped] [--no-baselines]

Nothing is tuned to a catalogue: `python -m categorizer train` runs with its defaults. The release
then goes the way of any other: a fresh installation registers it, the train split is imported as
products, a picker's token asks for every product of the test split, and what the answers say is
compared with the labels. LinearSVC and fastText learn from the same rows in the same run.
"""

import argparse
import json
import math
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import baselines, catalogues, machine
from benchmarks.catalogues import Catalogue, Row
from benchmarks.instance import Client, furnish, run
from benchmarks.quality import PRECISIONS, Answers, Quality, judge
from benchmarks.report import table
from tools.console import VAR, CannotGoOn, main, say

LIST = 1000  # the longest list the API takes
SINGLES = 500
MILLION = 1_000_000


class Contradiction(Exception):
    """Two ways to ask the same question gave two answers."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One catalogue under one split."""

    catalogue: Catalogue
    split: str
    ours: Quality
    baselines: dict[str, Quality]
    training_seconds: float
    artifact_bytes: int
    imported: str
    single_ms: Sequence[float]
    rows_per_second: float


def train(catalogue: Catalogue, *, split: str, folder: Path) -> tuple[Path, float]:
    """Train with the defaults; return the release folder and the CPU seconds it took."""
    dataset, release = folder / "dataset.csv", folder / "release"
    catalogue.write_dataset(dataset, split=split)
    command = [sys.executable, "-m", "categorizer", "train", str(dataset)]
    command += ["--text", ",".join(catalogue.text_fields)]
    if catalogue.number_fields:
        command += ["--number", ",".join(catalogue.number_fields)]
    command += ["--label", "category", "--split", "split", "--out", str(release)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return release, used


def ask_one_by_one(client: Client, rows: Sequence[Row]) -> tuple[list[Any], list[float]]:
    """Return the answers and how many milliseconds each took, over one keep-alive connection."""
    answers, times = [], []
    for row in rows:
        begun = time.perf_counter()
        answers.append(client.post("/api/v1/predictions", dict(row.product)))
        times.append((time.perf_counter() - begun) * 1000)
    return answers, times


def ask_in_lists(client: Client, rows: Sequence[Row]) -> tuple[list[Any], float]:
    """Return the answers and how many products were answered in a second."""
    answers: list[Any] = []
    begun = time.perf_counter()
    for start in range(0, len(rows), LIST):
        products = [dict(row.product) for row in rows[start : start + LIST]]
        answers += client.post("/api/v1/predictions", products)
    return answers, len(rows) / (time.perf_counter() - begun)


def check_agreement(singles: Sequence[Any], lists: Sequence[Any]) -> None:
    """A product's answer may not depend on whether it was asked for alone."""
    for one, same in zip(singles, lists, strict=True):
        for field in ("category", "confidence_ppm", "alternatives", "model", "needs_review"):
            if one[field] != same[field]:
                raise Contradiction(f"{field}: {one[field]} alone, {same[field]} in a list")


def measure(catalogue: Catalogue, *, split: str, folder: Path, with_baselines: bool) -> Outcome:
    """Do all of it for one catalogue, in an empty folder."""
    rows = catalogue.part("test", split=split)
    truth = [row.category for row in rows]
    say(f"{catalogue.name}, {split}: training on {len(catalogue.rows) - len(rows)} products")
    release, training_seconds = train(catalogue, split=split, folder=folder)
    card = json.loads((release / "card.json").read_bytes())

    home = furnish(folder / "site", release=release)
    products = folder / "products.csv"
    catalogue.write_products(products, side="train", split=split)
    imported = home.manage("import_products", products).strip().splitlines()[-1]
    token = home.create_token()
    say(f"{catalogue.name}, {split}: {imported} Asking about {len(rows)} others over HTTP")
    # Spread over the whole split, which is in the order of the file.
    chosen = range(0, len(rows), math.ceil(len(rows) / SINGLES))
    with home.serving() as server:
        client = Client(server.port, token)
        lists, rows_per_second = ask_in_lists(client, rows)
        singles, single_ms = ask_one_by_one(client, [rows[at] for at in chosen])
    check_agreement(singles, [lists[at] for at in chosen])
    receipts, answers = home.count_receipts(), len(lists) + len(singles)
    if receipts != answers:
        raise Contradiction(f"{answers} answers, but {receipts} receipts")

    found = Answers(
        [answer["category"] or "" for answer in lists],
        np.array([(answer["confidence_ppm"] or 0) / MILLION for answer in lists]),
    )
    thresholds = {
        precision: card["thresholds"]["global"][f"{precision:.2f}"] / MILLION
        for precision in PRECISIONS
    }
    return Outcome(
        catalogue=catalogue,
        split=split,
        ours=judge(found, truth, thresholds),
        baselines=judge_baselines(catalogue, split=split) if with_baselines else {},
        training_seconds=training_seconds,
        artifact_bytes=card["files"]["model"]["bytes"],
        imported=imported,
        single_ms=single_ms,
        rows_per_second=rows_per_second,
    )


def judge_baselines(catalogue: Catalogue, *, split: str) -> dict[str, Quality]:
    known, asked = catalogue.part("train", split=split), catalogue.part("test", split=split)
    texts = [baselines.text_of(row.product) for row in known]
    labels = [row.category for row in known]
    questions = [baselines.text_of(row.product) for row in asked]
    truth = [row.category for row in asked]
    found = {}
    for name, learn in (("LinearSVC", baselines.linear_svc), ("fastText", baselines.fasttext)):
        answers, thresholds = learn(texts, labels, questions)
        found[name] = judge(answers, truth, thresholds)
    return found


def quality_row(first: Sequence[str], quality: Quality) -> list[str]:
    cells = [*first, f"{quality.accuracy:.4f}", f"{quality.macro_f1:.4f}", f"{quality.ece:.3f}"]
    for precision in PRECISIONS:
        coverage = quality.coverage[precision]
        cells.append(f"{coverage.share:.3f} (right: {coverage.precision:.3f})")
    return cells


def report(outcomes: Sequence[Outcome]) -> str:
    head = ["catalogue", "split", "model", "accuracy", "macro-F1", "ECE"]
    head += [f"coverage at {precision:.0%} precision" for precision in PRECISIONS]
    qualities, times = [], []
    for outcome in outcomes:
        first = [outcome.catalogue.name, outcome.split]
        qualities.append(quality_row([*first, "**Shelfmark, over HTTP**"], outcome.ours))
        qualities += [
            quality_row([*first, name], quality) for name, quality in outcome.baselines.items()
        ]
        percentiles = statistics.quantiles(outcome.single_ms, n=100)
        times.append(
            [
                *first,
                f"{outcome.training_seconds:.0f}",
                f"{outcome.artifact_bytes / 1e6:.2f}",
                *(f"{percentiles[at - 1]:.1f}" for at in (50, 95, 99)),
                f"{max(outcome.single_ms):.1f}",
                f"{outcome.rows_per_second:.0f}",
            ]
        )
    time_head = ["catalogue", "split", "training, CPU s", "artifact, MB", "one product: p50 ms"]
    time_head += ["p95", "p99", "worst", f"lists of {LIST}: products/s"]
    return f"{table(head, qualities)}\n\n{table(time_head, times)}"


def command() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="a catalogue's name; may be repeated")
    parser.add_argument("--split", action="append", choices=("split", "split_grouped"))
    parser.add_argument("--no-baselines", action="store_true")
    given = parser.parse_args()
    try:
        chosen = [one for one in catalogues.every() if given.only is None or one.name in given.only]
    except catalogues.NoCatalogues as error:
        raise CannotGoOn(str(error)) from error
    VAR.mkdir(exist_ok=True)
    head = machine.describe(VAR)
    say(head)
    outcomes = []
    for catalogue in chosen:
        for split in given.split or ("split",):
            with tempfile.TemporaryDirectory(prefix="catalogue-", dir=VAR) as folder:
                outcome = measure(
                    catalogue,
                    split=split,
                    folder=Path(folder),
                    with_baselines=not given.no_baselines,
                )
            outcomes.append(outcome)
            say(f"\n{report([outcome])}\n")
    text = f"{head}\n\n{report(outcomes)}"
    say(text)
    (VAR / "bench-catalogues.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(command)
