"""Putting down what a check of the whole log found."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ledger.actions.recording import record
from ledger.models import Verification
from ledger.verification import Verified


@transaction.atomic
def note_verification(
    *, verified: Verified, milliseconds: int, by: int | None, now: datetime
) -> Verification:
    """Keep the result, and say in the log itself that somebody looked."""
    first = verified.first
    written = Verification.objects.create(
        at=now,
        size=verified.size,
        checkpoint_size=verified.checkpoint_size,
        is_good=first is None,
        faults=len(verified.faults),
        first_bad=first.what if first else "",
        milliseconds=milliseconds,
    )
    record(
        "ledger.verified",
        actor=by,
        subject="ledger",
        now=now,
        size=verified.size,
        faults=len(verified.faults),
        first_bad_index=first.index if first else None,
    )
    return written
