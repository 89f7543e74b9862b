"""Who looks at receipts is written down too."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from ledger.actions import record


@transaction.atomic
def note_look(*, prediction_id: UUID, by: User, now: datetime) -> None:
    """Write down that somebody looks at a receipt, before they see it."""
    record("receipt.viewed", actor=by.pk, subject=str(prediction_id), now=now)
