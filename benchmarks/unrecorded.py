"""Shelfmark without its log, to see what the log costs. Only for `bench_ledger.py`.

A WSGI application that answers as the real one does, and writes the row of the prediction, but
neither the receipt nor what opens it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.wsgi import application
from lib.rows import insert
from predictions import receipts
from predictions.actions import answers
from predictions.receipts import Commitments

__all__ = ["application"]


def _nothing_closed(*arguments: Any) -> tuple[list[Any], Commitments]:
    return [], Commitments(input="", person=None, device=None)


def _no_receipt(**arguments: Any) -> bytes:
    return b""


def _write_predictions(requests: Sequence[Any]) -> None:
    insert([one.prediction for request in requests for one in request.made])
    insert([request.key for request in requests if request.key is not None])


setattr(answers, "_closed", _nothing_closed)  # noqa: B010
setattr(receipts, "encode", _no_receipt)  # noqa: B010
setattr(answers._writer, "_write_all", _write_predictions)  # noqa: B010
