"""What tablets said of themselves: reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import TabletReport
from ledger import log, note, tree
from ledger.keys import verify_ed25519
from ledger.models import LogKey


@dataclass(frozen=True, slots=True)
class Holding:
    """A tablet that held a model, from `since` until `until`; None: as far as is known, still."""

    tablet: UUID
    model_sha256: str
    since: datetime
    until: datetime | None


def holding(at: datetime) -> Sequence[Holding]:
    """Return which tablets held which model at a moment, as they have reported it.

    A tablet without a connection reports late: what it took up or dropped meanwhile counts from
    the moment at which the server heard of it.
    """
    reports = TabletReport.objects.filter(kind=TabletReport.Kind.MODEL)
    later = reports.filter(tablet=OuterRef("tablet"), pk__gt=OuterRef("pk")).order_by("pk")
    rows = (
        reports.filter(~Exists(later.filter(at__lte=at)), at__lte=at)
        .exclude(model_sha256="")
        .annotate(until=Subquery(later.values("at")[:1]))
        .order_by("tablet__uuid")
        .values_list("tablet__uuid", "model_sha256", "at", "until")
    )
    return [Holding(*row) for row in rows]


class Verdict(StrEnum):
    """What a note that a tablet had accepted proves, beside the log of today."""

    NOTHING = "nothing"
    CONTINUED = "continued"
    CONTRADICTED = "contradicted"


def verdict(kept: str) -> Verdict:
    """Say what a note proves. A tablet, or whoever speaks for one, may send anything."""
    try:
        parsed = note.parse_note(kept)
        head = note.parse_checkpoint(parsed.text)
        keys = LogKey.objects.values_list("vkey", flat=True)
        signers = note.check_note(parsed, [*map(note.Verifier.parse, keys)], verify_ed25519)
    except note.WrongNote:
        return Verdict.NOTHING
    if head.origin not in signers:
        return Verdict.NOTHING
    if head.size > log.size():
        return Verdict.CONTRADICTED
    try:
        root = tree.root(head.size, log.read)
    except tree.MissingHash:
        return Verdict.CONTRADICTED
    return Verdict.CONTINUED if root == head.root else Verdict.CONTRADICTED
