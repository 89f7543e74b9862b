"""A private PostgreSQL and Redis for the tests: started in a folder of their own, gone afterwards.

Nothing here touches a database cluster or a Redis that the machine already runs.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.console import CannotGoOn, say


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgresql_programs() -> Path | None:
    """Return the folder with initdb and postgres, the newest if there are several."""
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: int(path.parent.parent.name), reverse=True)
    return newest[0].parent if newest else None


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """Yield a DATABASE_URL of a new, empty PostgreSQL that only this machine can reach.

    With `durable` it keeps PostgreSQL's own defaults: a commit is on the disk when it returns.
    """
    programs = postgresql_programs()
    if programs is None:
        raise CannotGoOn("PostgreSQL is not installed: apt-get install postgresql")
    with _folder() as folder:
        port = free_port()
        data = folder / "data"
        _as_owner(
            [
                programs / "initdb", "--pgdata", data, "--username", "shelfmark", "--auth", "trust",
                "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
            ],
            folder,
        )  # fmt: skip
        options = f"-p {port} -h 127.0.0.1 -k {folder}"
        if not durable:
            # Tests do not ask about it, and a fsync per commit would be slow.
            options += " -c fsync=off -c full_page_writes=off -c max_connections=60"
        control: list[str | Path] = [programs / "pg_ctl", "--pgdata", data, "--wait", "--silent"]
        log = folder / "log"
        _as_owner([*control, "--log", log, "--options", options, "start"], folder)
        say(f"    PostgreSQL ({programs.parent.name}) listens on port {port}")
        try:
            yield f"postgres://shelfmark@127.0.0.1:{port}/postgres"
        finally:
            _as_owner([*control, "--mode", "immediate", "stop"], folder)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Yield a REDIS_URL of a new, empty Redis that only this machine can reach."""
    program = shutil.which("redis-server")
    if program is None:
        raise CannotGoOn("Redis is not installed: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="shelfmark-redis-") as folder:
        port = free_port()
        server = subprocess.Popen(
            [
                program, "--bind", "127.0.0.1", "--port", str(port), "--dir", folder,
                "--save", "", "--appendonly", "no",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_for(port, "Redis")
            say(f"    Redis listens on port {port}")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(timeout=20)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A short-named folder (socket paths have a limit) that the server's user may write."""
    folder = Path(tempfile.mkdtemp(prefix="shelfmark-pg-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _owner())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str:
    """The user that runs PostgreSQL, which refuses to run as root."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise CannotGoOn("PostgreSQL refuses to run as root, and there is no user `postgres`.")


def _as_owner(command: Sequence[str | Path], folder: Path) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "--user", _owner(), "--", *words]
    done = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        log = folder / "log"
        told = log.read_text() if log.exists() else ""
        raise CannotGoOn(f"{words[-1]}: {done.stdout}{done.stderr}{told}\nPostgreSQL failed.")


def _wait_for(port: int, name: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise CannotGoOn(f"{name} did not start within 20 seconds.")
