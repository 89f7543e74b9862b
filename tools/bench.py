"""`make bench` and `make catalogues`: measure in an environment with what is measured against."""

import sys

from tools import environment
from tools.console import call, main
from tools.model import ensure_model


def bench() -> None:
    environment.ensure_packages(environment.TEST)
    environment.ensure_frontend()
    ensure_model()
    which = "catalogues" if sys.argv[1:] == ["catalogues"] else "bench"
    call([environment.PYTHON, "-m", f"benchmarks.{which}"])


if __name__ == "__main__":
    main(bench)
