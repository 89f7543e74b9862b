"""Metrics of all the processes of one server, in the text format that Prometheus reads.

Each gunicorn worker writes its numbers into files in PROMETHEUS_MULTIPROC_DIR
(deploy/gunicorn.conf.py sets it and empties it at the start); whoever is asked adds them up.
Without that folder there is only this process.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition() -> bytes:
    """Return every metric of every process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
