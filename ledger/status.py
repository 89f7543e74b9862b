"""How the log is doing: what it said last, what waits, and what others know of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, IntegerField, Max, Value, When

from ledger import copies, keys, log
from ledger.models import CheckpointSent, Entry, Verification
from lib import triggers
from lib.charts import Columns, columns_of

DAYS = 14
# The chart looks at so many of the newest entries, and waiting ones are counted up to here.
MOST = 100_000
MOST_WAITING = log.MOST_WAITING
# Kinds begin with what they are about; the most frequent of these beginnings have a colour.
MOST_KINDS = 5
OTHERS = "others"
WIDTH, HEIGHT = 560, 160


@dataclass(frozen=True, slots=True)
class Waiting:
    """Entries that have no place in the tree yet."""

    count: int
    # There are more than could be counted.
    is_more: bool
    oldest: datetime | None
    # How many have a place that no checkpoint covers yet.
    uncovered: int


@dataclass(frozen=True, slots=True)
class Kinds:
    """How many entries there were a day, by what they are about."""

    chart: Columns
    # The class of colour of each, and its name.
    used: list[tuple[str, str]]
    rows: list[tuple[str, list[int], int]]
    total: int
    # Only so many of the newest were counted.
    most: int | None


def status(*, now: datetime) -> dict[str, Any]:
    """Gather what the status page shows, in a fixed number of queries."""
    checkpoint = log.latest_checkpoint()
    waiting = _waiting(log.size(), checkpoint.size if checkpoint else 0)
    sent = _sent()
    return {
        "missing": triggers.missing(),
        "checkpoint": checkpoint,
        "root": bytes(checkpoint.root).hex() if checkpoint else None,
        "cosignatures": list(checkpoint.cosignatures.order_by("pk")) if checkpoint else [],
        "keys": keys.public_keys(),
        "waiting": waiting,
        "waits_seconds": round((now - waiting.oldest).total_seconds()) if waiting.oldest else 0,
        "verification": Verification.objects.order_by("-pk").first(),
        "copies": [
            ("file", settings.CHECKPOINT_DIR, sent.get("file")),
            ("mail", ", ".join(settings.CHECKPOINT_MAIL), sent.get("mail")),
        ],
        "witnesses": [(address, keys.name_of(vkey)) for address, vkey in settings.WITNESSES],
        "shortcomings": copies.shortcomings(now=now),
        "kinds": kinds(now=now),
        "days": DAYS,
    }


def _sent() -> dict[str, CheckpointSent]:
    newest = CheckpointSent.objects.values("way").annotate(newest=Max("pk")).values("newest")
    found = CheckpointSent.objects.filter(pk__in=newest).select_related("checkpoint")
    return {one.way: one for one in found}


def _waiting(size: int, covered: int) -> Waiting:
    times = list(log.waiting().order_by("pk").values_list("at", flat=True)[: MOST_WAITING + 1])
    return Waiting(
        count=min(len(times), MOST_WAITING),
        is_more=len(times) > MOST_WAITING,
        oldest=min(times, default=None),
        uncovered=size - covered,
    )


def kinds(*, now: datetime) -> Kinds:
    """Count the entries of the last DAYS days, or the newest MOST of them."""
    first = datetime.combine(now.astimezone(UTC).date(), time(), UTC) - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    newest = Entry.objects.order_by("-pk").values_list("pk", flat=True)
    edge = newest[MOST : MOST + 1].first()
    recent = Entry.objects.filter(at__gte=first, pk__gt=edge or 0)
    # Comparing moments is much faster than asking a database for the date of each of them.
    day = Case(
        *(When(at__gte=days[number], then=Value(number)) for number in reversed(range(DAYS))),
        output_field=IntegerField(),
    )
    counted: dict[int, Counter[str]] = defaultdict(Counter)
    whole: Counter[str] = Counter()
    groups = recent.annotate(day=day).values_list("day", "kind").annotate(count=Count("pk"))
    for number, kind, count in groups.order_by():
        about = kind.partition(".")[0]
        counted[number][about] += count
        whole[about] += count
    named = [about for about, _ in whole.most_common(MOST_KINDS)]
    if len(whole) > len(named):
        named[-1:] = [OTHERS]
    columns = [(f"{at:%d %b}", _named(counted[number], named)) for number, at in enumerate(days)]
    classes = [f"kind-{number}" for number in range(len(named))]
    in_colours = [
        (label, dict(zip(classes, (parts[name] for name in named), strict=True)))
        for label, parts in columns
    ]
    return Kinds(
        chart=columns_of(in_colours, order=classes, width=WIDTH, height=HEIGHT),
        used=list(zip(classes, named, strict=True)),
        rows=[
            (label, [parts[name] for name in named], sum(parts.values()))
            for label, parts in columns
        ],
        total=sum(whole.values()),
        most=MOST if edge is not None else None,
    )


def _named(counted: Counter[str], named: list[str]) -> Counter[str]:
    """Return the counts with everything that has no name of its own among the others."""
    parts: Counter[str] = Counter()
    for about, count in counted.items():
        parts[about if about in named else OTHERS] += count
    return parts
