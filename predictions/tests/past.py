"""Answers that were made long ago, for tests: written as they would have been then."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from accounts.models import User
from ledger.models import Entry
from lib.ids import smallest_id
from predictions.models import Prediction

DAY = datetime(2026, 9, 1, tzinfo=UTC)


def answered(
    by: User,
    at: datetime,
    *,
    path: str = "live",
    sha256: str | None = None,
    passed_over: Sequence[tuple[str, str]] = (),
) -> Prediction:
    """Write an answer of `path` as if it had been made at that moment."""
    receipt_id = UUID(int=smallest_id(at).int | 7 << 76 | 2 << 62 | Prediction.objects.count())
    told = [{"path": who, "why": why, "model_sha256": None} for who, why in passed_over]
    Entry.objects.create(
        uuid=receipt_id,
        kind="prediction.made",
        subject=str(receipt_id),
        at=at,
        body=json.dumps({"passed_over": told}).encode(),
    )
    nothing = path == "none"
    return Prediction.objects.create(
        id=receipt_id,
        asked_by=by,
        version_id=sha256,
        decision_path=path,
        label="" if nothing else "Fasteners > Screws",
        score=None if nothing else 1,
        confidence_ppm=None if nothing else 900_000,
        needs_review=nothing,
        taxonomy_version=1,
        made_at=at,
    )


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
