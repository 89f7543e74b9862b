"""What tablets said of themselves: reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import TabletReport


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
