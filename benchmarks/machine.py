"""What the figures were measured on, and how busy it was meanwhile."""

import os
import platform
import tempfile
import time
from pathlib import Path


def fsyncs_per_second(folder: Path, *, seconds: float = 0.5) -> float:
    """Return how often a small appended write reaches this folder's disk, one after the other."""
    with tempfile.TemporaryFile(dir=folder) as file:
        count, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.perf_counter() - begun)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def describe(folder: Path) -> str:
    """Return one line for the head of a report."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores ({_cpu_model()}), "
        f"{memory:.0f} GiB, Linux {platform.release()}, Python {platform.python_version()}, "
        f"{fsyncs_per_second(folder):.0f} fsync/s, load {os.getloadavg()[0]:.1f} at the start"
    )
