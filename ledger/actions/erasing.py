"""Erasing what may be erased. The log keeps its commitments, and its proofs go on to hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from ledger.actions.recording import build, forget_secrets, record, record_many
from ledger.models import Entry, Erasure, Opening, Secret

LONGEST_REASON = 1000


class CannotErase(Exception):
    """The message is fit to show to the person who asked."""


@transaction.atomic
def erase_about(
    *, user_id: int, reason: str, by: int | None, now: datetime, uuid: UUID | None = None
) -> Entry:
    """Erase what is kept apart about a person, and the secret behind every mention of them.

    `uuid` is that of the entry. Safe to repeat: what came since goes too.
    """
    _check(reason)
    entry = record(
        "person.erased",
        actor=by,
        subject=f"user:{user_id}",
        now=now,
        uuid=uuid,
        private={"reason": reason},
    )
    openings = Opening.objects.filter(about=user_id)
    # What others did to the person: nothing else would say why that is gone.
    own = Entry.objects.filter(actor_id=user_id, uuid=OuterRef("entry"))
    of_others = openings.exclude(Exists(own)).values_list("entry", flat=True).distinct()
    Erasure.objects.bulk_create(
        [
            Erasure(about=user_id, reason=reason, at=now),
            *(Erasure(entry=one, reason=reason, at=now) for one in of_others),
        ]
    )
    openings.delete()
    Secret.objects.filter(user_id=user_id).delete()
    transaction.on_commit(forget_secrets)
    return entry


@transaction.atomic
def erase_text(*, entries: Sequence[UUID], reason: str, by: int | None, now: datetime) -> int:
    """Erase what these entries keep apart. Return of how many there was still something.

    Those of which nothing is left stay as they are, without a further entry.
    """
    _check(reason)
    known = set(Entry.objects.filter(uuid__in=entries).values_list("uuid", flat=True))
    if unknown := [str(one) for one in entries if one not in known]:
        raise CannotErase(f"The log has no entry called {', '.join(unknown)}.")
    openings = Opening.objects.filter(entry__in=known)
    left = sorted(set(openings.values_list("entry", flat=True)))
    Erasure.objects.bulk_create([Erasure(entry=one, reason=reason, at=now) for one in left])
    record_many(
        [
            build("text.erased", actor=by, subject=str(one), now=now, private={"reason": reason})
            for one in left
        ]
    )
    Opening.objects.filter(entry__in=left).delete()
    return len(left)


def _check(reason: str) -> None:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise CannotErase(f"Give a reason of at most {LONGEST_REASON} characters.")
