"""What the log costs, and how fast a long one is proved and checked.

    python -m benchmarks.bench_ledger [--entries 1000000] [--rounds 10] [--seconds 4]

The cost: the real server beside one that leaves the receipts out (`unrecorded.py`), asked in turn
by 32 clients, with the job runner sealing meanwhile. The length: so many real predictions are
made, sealed, proved one by one, and the whole log is verified by `manage.py verify_ledger`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.bench_http import WrongAnswers, complaints, read_questions
from benchmarks.instance import Home, furnish, run
from benchmarks.load import LOOPBACK, Job, apply_load
from benchmarks.processes import Server, cpu_seconds, serving, stop
from benchmarks.report import spread, table
from tools.console import ROOT, VAR, main, say
from tools.servers import free_port

CLIENTS = 32
PROOFS = 500
MOST_SHARE = 15.0
MOST_SECONDS = 60.0
MOST_MILLISECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One round of one server: answers, and CPU-seconds of the server and of sealing."""

    answers: int
    server: float
    sealing: float

    @property
    def each_us(self) -> float:
        return (self.server + self.sealing) / self.answers * 1e6


@contextlib.contextmanager
def served(home: Home, application: str) -> Iterator[Server]:
    port = free_port()
    with serving(
        [
            *(sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"),
            *("--bind", f"{LOOPBACK}:{port}", application),
        ],
        port=port,
        ready="/readyz",
        log=home.folder / "server.log",
        env={**home.env, "PORT": str(port)},
        cwd=ROOT,
    ) as server:
        yield server


@contextlib.contextmanager
def sealing(home: Home) -> Iterator[int]:
    """Run the job runner until the block ends."""
    with (home.folder / "jobs.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run_jobs"],
            cwd=ROOT, env=dict(home.env), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process.pid
    finally:
        stop(process)


def measure_cost(folder: Path, *, rounds: int, seconds: float) -> tuple[str, float]:
    """Return a table and the share of the CPU that recording and sealing take, in percent."""
    products = ROOT / "data" / "prepared" / "products.csv"
    bodies, _ = read_questions(products)
    recorded = furnish(folder / "recorded", release=ROOT / "data" / "model")
    without = furnish(folder / "unrecorded", release=ROOT / "data" / "model")
    # Otherwise the database takes no prediction without its receipt.
    inside(without, "open_up")
    found: dict[str, list[Asked]] = {"with": [], "without": []}
    with (
        served(recorded, "config.wsgi") as one,
        served(without, "benchmarks.unrecorded") as other,
        sealing(recorded) as jobs,
    ):
        systems = [
            ("with", one, recorded.create_token(), jobs),
            ("without", other, without.create_token(), None),
        ]
        for number in range(rounds + 1):
            for name, server, token, runner in systems if number % 2 else systems[::-1]:
                asked = ask(server, token, bodies, runner, seconds=seconds)
                if number:  # the first round warms up
                    found[name].append(asked)
    shares = [
        (1 - bare.each_us / full.each_us) * 100
        for full, bare in zip(found["with"], found["without"], strict=True)
    ]
    seal_us = [one.sealing / one.answers * 1e6 for one in found["with"]]
    rows = [
        ["as it is, sealing included", spread([one.each_us for one in found["with"]])],
        ["of this, the sealing", spread(seal_us)],
        ["without the log", spread([one.each_us for one in found["without"]])],
    ]
    return table(["32 clients", "CPU, us an answer"], rows), statistics.median(shares)


def ask(
    server: Server, token: str, bodies: Sequence[str], runner: int | None, *, seconds: float
) -> Asked:
    runners = [runner] if runner is not None else []
    before, sealed_before = cpu_seconds([server.pid]), cpu_seconds(runners)
    load = apply_load(
        Job(
            port=server.port,
            path="/api/v1/predictions",
            bodies=bodies,
            clients=CLIENTS,
            seconds=seconds,
            headers={"Authorization": f"Token {token}"},
        )
    )
    cpu = cpu_seconds([server.pid]) - before
    time.sleep(2.5)  # the sealing of what was just written
    if load.errors or set(load.statuses) != {"200"}:
        raise WrongAnswers(f"{load.errors} failed, {load.statuses}.\n{complaints(server.log)}")
    return Asked(load.answers, cpu, cpu_seconds(runners) - sealed_before)


# A long log


def measure_length(folder: Path, *, entries: int) -> tuple[str, float, float]:
    """Return a table, the seconds of a verification, and the slowest of many proofs in ms."""
    home = furnish(folder / "long", release=ROOT / "data" / "model")
    filled = json.loads(inside(home, "fill", entries))
    say(f"{entries:,} predictions made and sealed.")
    proofs: list[float] = json.loads(inside(home, "prove", PROOFS))
    begun = time.perf_counter()
    before = os.times()
    told = home.manage("verify_ledger")
    seconds = time.perf_counter() - begun
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    counted = re.search(r"All ([\d,]+) entries", told)
    if counted is None:
        raise WrongAnswers(told)
    size = int(counted[1].replace(",", ""))
    cuts = statistics.quantiles(proofs, n=100)
    megabytes = sum(one.stat().st_size for one in home.folder.glob("db.sqlite3*")) / 1e6
    rows = [
        ["entries", f"{size:,}"],
        ["database, MB", f"{megabytes:,.0f}"],
        ["predicting and recording, entries/s", f"{filled['recorded']:,.0f}"],
        ["sealing, entries/s", f"{filled['sealed']:,.0f}"],
        ["one proof of inclusion, ms: p50, p99, worst",
         f"{cuts[49]:.2f}, {cuts[98]:.2f}, {max(proofs):.2f}"],
        ["verifying the whole log, s of wall time", f"{seconds:.1f}"],
        ["verifying, s of CPU time", f"{cpu:.1f}"],
        ["verifying, entries/s", f"{size / seconds:,.0f}"],
    ]  # fmt: skip
    return table(["a long log", ""], rows), seconds, cuts[98]


def inside(home: Home, what: str, count: int = 0) -> str:
    """Do something in a process that has this home's settings, and return what it printed."""
    return run([sys.executable, "-m", "benchmarks.inside_ledger", what, str(count)], env=home.env)


def verdict(figure: float, most: float, unit: str) -> str:
    return f"{figure:.1f} {unit} (at most {most:g}: {'reached' if figure <= most else 'MISSED'})"


def bench() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=4.0)
    given = parser.parse_args(sys.argv[1:])
    VAR.mkdir(exist_ok=True)
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as name:
        folder = Path(name)
        head = machine.describe(folder)
        costs, share = measure_cost(folder, rounds=given.rounds, seconds=given.seconds)
        say(costs)
        lengths, seconds, milliseconds = measure_length(folder, entries=given.entries)
    parts = [
        head,
        costs,
        f"Recording and sealing: {verdict(share, MOST_SHARE, '% of the CPU of a request')}.",
        lengths,
        f"Verifying: {verdict(seconds, MOST_SECONDS, 's')}. "
        f"A proof, 99 of 100: {verdict(milliseconds, MOST_MILLISECONDS, 'ms')}.",
    ]
    report = "\n\n".join(parts)
    say(report)
    (VAR / "bench-ledger.md").write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(bench)
