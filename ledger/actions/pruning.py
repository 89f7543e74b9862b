"""Old entries leave the database. Their places in the tree stay, and so do all proofs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ledger import archives
from ledger.actions.recording import record
from ledger.models import Entry, Opening, Pruning


@transaction.atomic
def announce_pruning(
    *,
    first_index: int,
    up_to_index: int,
    before: datetime,
    archive_sha256: str,
    by: int | None,
    now: datetime,
) -> Pruning:
    """Say in the log which entries are about to go, and in which archive they are."""
    entry = record(
        "ledger.pruned",
        actor=by,
        subject="ledger",
        now=now,
        first_index=first_index,
        up_to_index=up_to_index,
        archive_sha256=archive_sha256,
    )
    return Pruning.objects.create(
        up_to_index=up_to_index,
        entry=entry.uuid,
        before=before,
        archive_sha256=archive_sha256,
        at=now,
    )


@transaction.atomic
def delete_pruned(*, start: int, stop: int) -> int:
    """Delete the entries of these leaves and what they keep apart. Return how many went.

    The database refuses before a checkpoint covers the entry that announced it. An entry to
    which a row still points, because it tells of the last change of that row, stays.
    """
    found = list(archives.left(start=start, stop=stop).values_list("pk", "uuid"))
    Opening.objects.filter(entry__in=[uuid for _, uuid in found]).delete()
    Entry.objects.filter(pk__in=[pk for pk, _ in found]).delete()
    return len(found)
