"""What a process tree costs includes the children that are gone."""

import os
import subprocess
import sys

from benchmarks.processes import cpu_seconds, memory, parent_of, tree

# A parent whose only work is done by a child that ends before anybody looks.
BURN = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, flush=True)
sys.stdin.read()
"""


def test_the_work_of_a_dead_child_counts() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        of_the_child = float(parent.stdout.readline())
        assert tree(parent.pid) == [parent.pid]
        # The kernel counts in hundredths of a second.
        assert cpu_seconds([parent.pid]) >= of_the_child - 0.02 > 0
        assert memory([parent.pid]).biggest_rss > 1
        assert parent_of(parent.pid) == os.getpid()
        parent.communicate("")
