"""Start a server, see it become ready, and read from /proc what its whole process tree costs."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import LOOPBACK

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class DidNotStart(Exception):
    """The message ends with the last lines the server wrote."""


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name, which may itself hold blanks."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(") ")[2].split()


def parent_of(pid: int) -> int:
    fields = _stat(pid)
    if fields is None:
        raise ProcessLookupError(pid)
    return int(fields[1])


def tree(root: int) -> list[int]:
    """Return the process `root` and everything descended from it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children.get(pid, ()))
    return found


def cpu_seconds(roots: Sequence[int]) -> float:
    """Return the CPU seconds used by the trees, children that ended already included."""
    ticks = 0
    for root in roots:
        for pid in tree(root):
            if fields := _stat(pid):
                ticks += sum(int(field) for field in fields[11:15])  # utime stime cutime cstime
    return ticks / _TICKS


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes: what the whole tree costs (shared pages once) and its biggest process."""

    pss: float
    biggest_rss: float


def memory(roots: Sequence[int]) -> Memory:
    pss = biggest = 0
    for pid in [pid for root in roots for pid in tree(root)]:
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
        pss += sizes["Pss"]
        biggest = max(biggest, sizes["Rss"])
    return Memory(pss=pss / 1024, biggest_rss=biggest / 1024)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    pid: int
    port: int
    ready_after: float
    log: Path


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    *,
    port: int,
    ready: str,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    patience: float = 60.0,
) -> Iterator[Server]:
    """Run `command` until the block ends; enter the block once GET `ready` answers 200."""
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=dict(env), stdout=output, stderr=output, start_new_session=True
        )
    try:
        while not _answers(f"http://{LOOPBACK}:{port}{ready}"):
            if process.poll() is not None or time.perf_counter() - started > patience:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
                raise DidNotStart(f"{' '.join(command)} did not become ready:\n{tail}")
            time.sleep(0.02)
        yield Server(process.pid, port, time.perf_counter() - started, log)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], *, patience: float = 10.0) -> None:
    """End a process that leads its own session: politely, then with its whole group."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
