"""`make bench` and `make catalogues`: measure beside the systems that we compare with."""

import sys

from tools import environment
from tools.console import call, main
from tools.model import ensure_model


def bench() -> None:
    environment.ensure_packages((*environment.TEST, "requirements-bench.txt"))
    environment.ensure_secret_key()
    if sys.argv[1:] == ["catalogues"]:
        environment.ensure_frontend()
        ensure_model()
        call([environment.PYTHON, "-m", "benchmarks.bench_catalogues"])
        call([environment.PYTHON, "-m", "benchmarks.bench_pages"])
        return
    environment.ensure_frontend()
    ensure_model()
    call([environment.PYTHON, "-m", "benchmarks.bench_inprocess"])
    call([environment.PYTHON, "-m", "benchmarks.bench_tablet"])
    call([environment.PYTHON, "-m", "benchmarks.bench_http"])
    call([environment.PYTHON, "-m", "benchmarks.bench_ledger"])


if __name__ == "__main__":
    main(bench)
