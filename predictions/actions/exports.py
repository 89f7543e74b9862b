"""Taking a proof out of the house."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from ledger.actions import record


@transaction.atomic
def note_proof(*, prediction_id: UUID, bundle: bytes, by: User, now: datetime) -> None:
    """Write down that somebody takes the proof of an answer away, before it leaves."""
    record(
        "receipt.exported",
        actor=by.pk,
        subject=str(prediction_id),
        now=now,
        bundle_sha256=hashlib.sha256(bundle).hexdigest(),
    )
