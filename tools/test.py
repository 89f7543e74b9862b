"""`make test`: set up what the tests need, run all of them, and sum up.

As root on Debian or Ubuntu a missing program is installed; otherwise one sentence says
which package it is in. Nothing is skipped silently.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import environment, servers
from tools.console import ROOT, CannotGoOn, Steps, call, main, say
from tools.model import ensure_model

# What asks the database nothing is run once.
WITH_DATABASE = (
    "accounts", "config", "inventory", "jobs", "ledger", "lib", "predictions", "registry", "sync",
)  # fmt: skip
PROCESSES = 2
PYTEST = [str(environment.PYTHON), "-m", "pytest"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Needed:
    """A program that the tests start, and the package that holds it."""

    what: str
    package: str
    is_there: Callable[[], bool]


NEEDED = (
    Needed("Chromium", "chromium", lambda: any(map(shutil.which, CHROMIUM))),
    Needed("PostgreSQL", "postgresql", lambda: servers.postgresql_programs() is not None),
    Needed("Redis", "redis-server", lambda: shutil.which("redis-server") is not None),
)


def test() -> None:
    only = sys.argv[1:]
    steps = Steps(6)
    with steps.step("Python packages, pinned by hash"):
        environment.ensure_packages(environment.TEST)
        environment.ensure_secret_key()
    with steps.step("Node packages"):
        node = environment.ensure_node()
        environment.ensure_node_modules(node)
    with steps.step("Programs of the system"):
        _ensure_programs()
    with steps.step("Frontend"):
        environment.ensure_frontend()
    with steps.step("Model"):
        ensure_model()
    with contextlib.ExitStack() as stack:
        with steps.step("Two PostgreSQL and a Redis of our own"):
            # A transaction of one process would hold back what the other seals: what is still open
            # is known only for a whole server.
            databases = [stack.enter_context(servers.postgresql()) for _ in range(PROCESSES)]
            redis = stack.enter_context(servers.redis())
        runners = _runners(node, databases, redis)
        if only:
            runners = {name: run for name, run in runners.items() if name in only}
        codes = {name: run() for name, run in runners.items()}
    _sum_up(codes)


def _runners(
    node: Mapping[str, str], databases: list[str], redis: str
) -> dict[str, Callable[[], tuple[int, float]]]:
    sqlite = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    postgresql = {
        **sqlite,
        "DATABASE_URL": databases[0],
        "SHELFMARK_TEST_DATABASES": " ".join(databases),
        "REDIS_URL": redis,
    }
    parallel = [*PYTEST, "-n", str(PROCESSES), "--dist", "loadfile"]
    browser = {**sqlite, "PATH": node["PATH"], "SHELFMARK_CHROMIUM": _chromium()}
    return {
        "vitest": lambda: _run("TypeScript", ["npm", "test"], node, cwd=environment.FRONTEND),
        "sqlite": lambda: _run("Python on SQLite", parallel, {**sqlite, "PATH": node["PATH"]}),
        "postgresql": lambda: _run(
            "Python on PostgreSQL",
            [*parallel, *WITH_DATABASE],
            {**postgresql, "PATH": node["PATH"]},
        ),
        "e2e": lambda: _run_browsers(parallel, browser),
    }


def _run_browsers(parallel: list[str], env: Mapping[str, str]) -> tuple[int, float]:
    """Run the browser tests two at a time, and what failed once more by itself.

    Two browsers, two servers and a database on two processors may take longer than the patience
    of a test. What fails alone, too, is broken.
    """
    code, seconds = _run("A real browser", [*parallel, "e2e"], env)
    if code != 1:
        return code, seconds
    say("\nWhat failed beside another browser is tried once more, alone.")
    again, more = _run("A real browser, again", [*PYTEST, "--last-failed", "e2e"], env)
    return again, seconds + more


def _run(
    title: str, command: list[str], env: Mapping[str, str], cwd: Path = ROOT
) -> tuple[int, float]:
    say(f"\n===== {title} =====")
    start = time.monotonic()
    code = subprocess.run(command, cwd=cwd, env=env, check=False).returncode
    return code, time.monotonic() - start


def _sum_up(codes: Mapping[str, tuple[int, float]]) -> None:
    say("\n===== Summary =====")
    for name, (code, seconds) in codes.items():
        result = "passed" if code == 0 else f"FAILED (exit code {code})"
        say(f"{name:<12} {result:<24}{seconds:6.0f} s")
    failed = [name for name, (code, _) in codes.items() if code != 0]
    if failed:
        raise CannotGoOn(f"Failed: {', '.join(failed)}. What went wrong is above its summary line.")
    say("All tests passed.")


def _ensure_programs() -> None:
    missing = [needed for needed in NEEDED if not needed.is_there()]
    if not missing:
        say(f"    {', '.join(needed.what for needed in NEEDED)}: there.")
        return
    packages = [needed.package for needed in missing]
    names = " and ".join(needed.what for needed in missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotGoOn(
            f"The tests need {names}, missing on this machine. Install with:"
            f" sudo apt-get install --no-install-recommends {' '.join(packages)}"
        )
    say(f"    Installing {names} with apt-get")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    call(["apt-get", "update", "-qq"], env=env)
    call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], env=env)
    still = [needed.what for needed in missing if not needed.is_there()]
    if still:
        raise CannotGoOn(f"apt-get ran, but {' and '.join(still)} cannot be found.")


def _chromium() -> str:
    return next(path for name in CHROMIUM if (path := shutil.which(name)))


if __name__ == "__main__":
    main(test)
