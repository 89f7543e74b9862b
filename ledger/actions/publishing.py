"""What was said about the log outside this house."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from ledger.models import Checkpoint, CheckpointSent, Cosignature


@transaction.atomic
def note_copy(*, checkpoint: Checkpoint, way: str, day: date, now: datetime) -> None:
    """Note that a checkpoint has left the house. A second time on one day changes nothing."""
    CheckpointSent.objects.get_or_create(
        way=way, day=day, defaults={"checkpoint": checkpoint, "at": now}
    )


@transaction.atomic
def keep_cosignature(*, checkpoint: Checkpoint, name: str, line: str, now: datetime) -> None:
    """Keep what a witness wrote below a checkpoint, and only the first time."""
    Cosignature.objects.get_or_create(
        checkpoint=checkpoint, name=name, defaults={"line": line, "at": now}
    )
