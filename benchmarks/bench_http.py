"""Shelfmark against what a shop would build from the usual parts, over HTTP, on this machine.

    python -m benchmarks.bench_http [--rounds 3] [--seconds 4] [--products CSV --release FOLDER]

Every system gets the same questions from the same load generator, in turn, round after round
(A B C, then B C A ...), so that a busy spell of the machine hits all of them. A ratio is taken
inside a round, and the median of the rounds is what counts. Shelfmark authenticates every request
by its token and has each receipt on the disk before it answers; whether that is so is counted
afterwards. The peers answer with a label and a confidence; only those called "token + audit" do
more.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import catalogues, machine
from benchmarks.instance import Home, run
from benchmarks.load import Job, Load, apply_load
from benchmarks.processes import Memory, cpu_seconds, memory
from benchmarks.report import spread, table
from benchmarks.systems import (
    FASTAPI,
    SHELFMARK,
    TWO_SERVICES,
    TWO_SERVICES_AUDITED,
    USUAL,
    System,
    start_peers,
    start_shelfmark,
)
from tools.console import ROOT, VAR, main, say

CLIENTS = (8, 32)
QUESTIONS = 2000
# Requests per CPU-second, ours over the best-tuned form of each design.
BARS: dict[str, float | None] = {
    TWO_SERVICES: 5.0,
    TWO_SERVICES_AUDITED: 7.0,
    FASTAPI: 1.3,
    f"{TWO_SERVICES}, {USUAL}": None,
    f"{TWO_SERVICES_AUDITED}, {USUAL}": None,
}


class WrongAnswers(Exception):
    """A figure about wrong answers would say nothing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One system under one load for a few seconds."""

    load: Load
    cpu: float

    @property
    def per_cpu_second(self) -> float:
        return self.load.answers / self.cpu

    @property
    def per_second(self) -> float:
        return self.load.answers / self.load.seconds


class Bench:
    """Asks the systems in turn and keeps what was measured."""

    def __init__(
        self, systems: Sequence[System], bodies: Sequence[str], labels: frozenset[str]
    ) -> None:
        self.systems = tuple(systems)
        self._bodies = bodies
        self._labels = labels
        self.answered = {system.name: 0 for system in systems}
        self.nothing = {system.name: 0 for system in systems}
        self.memory: dict[str, Memory] = {}
        self._measured: dict[tuple[str, int], list[Measured]] = {}

    def rounds(self, name: str, clients: int) -> Sequence[Measured]:
        return self._measured[name, clients]

    def _ask(self, system: System, *, clients: int, seconds: float) -> Measured:
        before = cpu_seconds(system.roots + system.store)
        load = apply_load(
            Job(
                port=system.server.port,
                path=system.path,
                bodies=self._bodies,
                clients=clients,
                seconds=seconds,
                headers=system.headers,
            )
        )
        cpu = cpu_seconds(system.roots + system.store) - before
        self.answered[system.name] += load.answers
        bad = {status: count for status, count in load.statuses.items() if status[0] != "2"}
        unknown = sorted(load.categories.keys() - self._labels - {""})
        unnamed = load.answers - sum(load.categories.values())
        self.nothing[system.name] += load.categories.get("", 0)
        if load.errors or bad or unknown or unnamed:
            raise WrongAnswers(
                f"{system.name}: {load.errors} requests failed, bad statuses {bad}, "
                f"{unnamed} answers without a category, unknown categories {unknown[:3]}.\n"
                + complaints(system.server.log)
            )
        return Measured(load, cpu)

    def run(self, *, rounds: int, seconds: float) -> None:
        for system in self.systems:
            self._ask(system, clients=max(CLIENTS), seconds=1.0)
        for number in range(rounds):
            shift = number % len(self.systems)
            in_turn = self.systems[shift:] + self.systems[:shift]
            for clients in CLIENTS:
                for system in in_turn:
                    found = self._ask(system, clients=clients, seconds=seconds)
                    self._measured.setdefault((system.name, clients), []).append(found)
            say(f"Round {number + 1} of {rounds} done; load {os.getloadavg()[0]:.1f}.")
        self.memory = {system.name: memory(system.roots) for system in self.systems}


Figure = Callable[[Measured], float]


def complaints(log: Path) -> str:
    """Return the last lines of a server's log that do not tell of an ordinary request."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if '"status": 200' not in line][-30:])


def per_cpu_second(measured: Measured) -> float:
    return measured.per_cpu_second


def per_second(measured: Measured) -> float:
    return measured.per_second


def table_of_systems(bench: Bench, clients: int) -> str:
    head = ["system", "requests per CPU-second", "requests/s", "p50 ms", "p95", "p99", "worst"]
    rows = []
    for system in bench.systems:
        rounds = bench.rounds(system.name, clients)
        latencies = [
            f"{statistics.median(getattr(one.load, name) for one in rounds):.1f}"
            for name in ("p50", "p95", "p99")
        ]
        rows.append(
            [
                system.name,
                spread([one.per_cpu_second for one in rounds]),
                spread([one.per_second for one in rounds]),
                *latencies,
                f"{max(one.load.worst for one in rounds):.0f}",
            ]
        )
    return table(head, rows)


def best_form(bench: Bench, ours: System, design: str, clients: int, figure: Figure) -> str:
    """Return the form of a design, on our kind of database, with the highest median."""
    forms = [
        system.name
        for system in bench.systems
        if system.design == design and system.database in ("", ours.database)
    ]
    return max(forms, key=lambda name: statistics.median(map(figure, bench.rounds(name, clients))))


def ratios(bench: Bench, ours: System, theirs: str, clients: int, figure: Figure) -> list[float]:
    pairs = zip(bench.rounds(ours.name, clients), bench.rounds(theirs, clients), strict=True)
    return [figure(mine) / figure(other) for mine, other in pairs]


def table_of_ratios(bench: Bench) -> str:
    head = ["Shelfmark on", "clients", "requests per CPU-second, over", "ratio", "bar"]
    head += ["requests/s, over", "ratio"]
    rows = []
    for ours in (system for system in bench.systems if system.design == SHELFMARK):
        for design, bar in BARS.items():
            for clients in CLIENTS:
                thrifty = best_form(bench, ours, design, clients, per_cpu_second)
                fast = best_form(bench, ours, design, clients, per_second)
                cpu = ratios(bench, ours, thrifty, clients, per_cpu_second)
                rate = ratios(bench, ours, fast, clients, per_second)
                verdict = ""
                if bar is not None:
                    reached = statistics.median(cpu) >= bar
                    verdict = f"{bar:g}: {'reached' if reached else 'missed'}"
                rows.append(
                    [
                        *(ours.database, str(clients), thrifty, spread(cpu, 2)),
                        *(verdict, fast, spread(rate, 2)),
                    ]
                )
    return table(head, rows)


def table_of_memory(bench: Bench) -> str:
    head = ["system", "seconds to readiness", "biggest process, MB resident", "whole tree, MB PSS"]
    rows = []
    for system in bench.systems:
        size = bench.memory[system.name]
        ready = f"{system.server.ready_after:.1f}"
        rows.append([system.name, ready, f"{size.biggest_rss:.0f}", f"{size.pss:.0f}"])
    return table(head, rows)


def check_receipts(bench: Bench, homes: Mapping[str, Home]) -> str:
    """Insist that there is a receipt for each answer and no other."""
    lines = []
    for name, home in homes.items():
        receipts, answers = home.count_receipts(), bench.answered[name]
        if receipts != answers:
            raise WrongAnswers(f"{name}: {answers} answers, but {receipts} receipts.")
        lines.append(
            f"{name}: {answers} answers, {receipts} receipts; "
            f"{bench.nothing[name]} answers said that there is no suggestion."
        )
    return "\n".join(lines)


def read_questions(products: Path) -> tuple[list[str], frozenset[str]]:
    """Return request bodies from the test rows of a CSV file, and every label in it."""
    catalogue = catalogues.read(products)
    rows = catalogue.part("test") or list(catalogue.rows)
    step = max(1, len(rows) // QUESTIONS)
    bodies = [json.dumps(row.product, ensure_ascii=False) for row in rows[::step]]
    return bodies, frozenset(row.category for row in catalogue.rows)


def compare(given: argparse.Namespace, folder: Path) -> str:
    """Start everything, measure, check, and return the report."""
    head = machine.describe(folder)
    say(head)
    bodies, labels = read_questions(given.products)
    model = folder / "peers.joblib"
    run(
        [sys.executable, "-m", "benchmarks.peers.pipeline", str(given.products), str(model)],
        env=os.environ,
    )
    with contextlib.ExitStack() as stack:
        homes, systems = {}, []
        for system, home in start_shelfmark(stack, folder, given.release):
            say(f"{system.name} is ready.")
            systems.append(system)
            homes[system.name] = home
        for system in start_peers(stack, folder, model):
            say(f"{system.name} is ready.")
            systems.append(system)
        bench = Bench(systems, bodies, labels)
        bench.run(rounds=given.rounds, seconds=given.seconds)
        receipts = check_receipts(bench, homes)
    parts = [
        f"{head}; {os.getloadavg()[0]:.1f} at the end. {len(bodies)} questions from "
        f"{given.products.name}, {len(labels)} labels; "
        f"{given.rounds} rounds of {given.seconds:g} s.",
        table_of_ratios(bench),
        *(f"{clients} clients\n\n{table_of_systems(bench, clients)}" for clients in CLIENTS),
        table_of_memory(bench),
        receipts,
    ]
    return "\n\n".join(parts)


def command() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="per system and round")
    parser.add_argument(
        "--products", type=Path, default=ROOT / "data" / "prepared" / "products.csv"
    )
    parser.add_argument("--release", type=Path, default=ROOT / "data" / "model")
    given = parser.parse_args()
    VAR.mkdir(exist_ok=True)
    # Under var/ and not in a temporary folder, which may be memory that only looks like a disk.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as folder:
        report = compare(given, Path(folder))
    say(report)
    (VAR / "bench-http.md").write_text(report + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(command)
