"""How gunicorn serves Shelfmark: `gunicorn -c deploy/gunicorn.conf.py config.wsgi`."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

# Before numpy is imported anywhere. One request is one thread's work; the workers share the cores.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", str(min(os.cpu_count() or 1, 8))))
worker_class = "gthread"
# A thread that waits for its receipt to reach the disk costs nothing, and the more wait, the
# more share a commit.
threads = int(os.environ.get("SHELFMARK_THREADS", "32"))
worker_connections = 1000
keepalive = 30
timeout = 60
graceful_timeout = 30
# A worker that starts from a running parent keeps the parent's code at a reload and its open
# connections.
preload_app = False
# gunicorn would keep a socket in the home folder, where two servers take it from each other.
control_socket_disable = True
# Django alone decides whom to believe about HTTPS (SHELFMARK_BEHIND_PROXY). gunicorn would believe
# everybody on this machine.
forwarded_allow_ips = ""
accesslog = None
errorlog = "-"
_pin = os.environ.get("SHELFMARK_PIN_WORKERS", "True") == "True"
_cores = sorted(os.sched_getaffinity(0)) if _pin and hasattr(os, "sched_getaffinity") else []
# The heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None

_metrics = os.environ.setdefault(
    "PROMETHEUS_MULTIPROC_DIR",
    str(Path(tempfile.gettempdir()) / f"shelfmark-metrics-{os.getpid()}"),
)


def on_starting(server: Any) -> None:
    shutil.rmtree(_metrics, ignore_errors=True)
    Path(_metrics).mkdir(parents=True)


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the core with the fewest workers."""
    taken = [getattr(other, "core", None) for other in server.WORKERS.values()]
    worker.core = min(_cores, key=taken.count) if _cores else None


def post_fork(server: Any, worker: Any) -> None:
    """Stay on one core.

    Python runs one thread of a process at a time. Where its threads wake each other across
    cores, a prediction takes a quarter more CPU and the slowest ones twice as long.
    """
    if worker.core is not None:
        os.sched_setaffinity(0, {worker.core})


def on_exit(server: Any) -> None:
    shutil.rmtree(_metrics, ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """Load the models before the first request, so that it does not wait for them."""
    from django.db import DatabaseError, connection

    from predictions import serving

    try:
        serving.chain()
    except DatabaseError as error:
        # The worker starts all the same: /readyz says what is wrong, and a database that comes
        # back needs no restart here.
        print(f"The models are not loaded yet: {error}", file=sys.stderr)
    finally:
        connection.close()
    # What is loaded by now stays for ever; looking for garbage in it again and again took a
    # twentieth of the time of a prediction.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
