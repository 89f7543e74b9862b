"""How questions were answered around a moment: by whom, and when others stood in.

An id carries the time its answer was made at, so a stretch of time is a stretch of the primary key.
No more than MOST answers are looked at, those nearest to the moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When, Window
from django.db.models.functions import Lag, Lead, RowNumber

from accounts import tablets
from accounts.tablets import Holding
from ledger.models import Entry
from lib.charts import percents
from lib.ids import smallest_id, time_of
from predictions.models import Path, Prediction
from predictions.serving import ORDER
from registry.models import Deployment

MOST = 100_000
# Those are told one by one; the longest of them if there are more.
MOST_PERIODS = 200
_BY_MODEL = (Path.LIVE, Path.CANARY)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The answers that were looked at."""

    since: datetime
    until: datetime
    # False: there were more than MOST between the moments that were asked for.
    is_whole: bool
    answers: QuerySet[Prediction]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the answers one model gave on one path."""

    path: str
    sha256: str | None
    answers: int
    percent: int


@dataclass(frozen=True, slots=True)
class StoodIn:
    """Answers one after the other, none of them by the live model though one was deployed."""

    since: datetime
    until: datetime
    answers: int
    # What the first or the last of their receipts says of the live model: "unusable" if one of
    # them says so, else "nothing_known".
    why: str


@dataclass(frozen=True, slots=True)
class Periods:
    stretch: Stretch
    found: tuple[StoodIn, ...]
    # How many shorter ones were left out.
    left_out: int


def deployed_at(at: datetime) -> list[Deployment]:
    """Return what was deployed at a moment, in the order it was asked."""
    found = Deployment.objects.at(at).with_people()
    return sorted(found, key=lambda one: ORDER.index(one.role))


def live_of(deployed: Sequence[Deployment]) -> str | None:
    """Return the sha256 of the live model among what was deployed."""
    return next((one.version_id for one in deployed if one.role == Path.LIVE), None)


@dataclass(frozen=True, slots=True)
class Behind:
    """Tablets that held another model than the live one."""

    # How many had reported any model by then.
    reported: int
    held: tuple[Holding, ...]


def behind(at: datetime, *, live: str | None) -> Behind:
    """Return which tablets held another model than `live` at a moment, as far as they told."""
    holding = tablets.holding(at)
    return Behind(len(holding), tuple(one for one in holding if one.model_sha256 != live))


def stretch(at: datetime, *, since: datetime, until: datetime) -> Stretch:
    """Return the answers made from `since` until before `until`, those nearest to `at`."""
    low, middle, high = smallest_id(since), smallest_id(at), smallest_id(until)
    keys = Prediction.objects.values_list("pk", flat=True)
    earlier = keys.filter(pk__gte=low, pk__lt=middle).order_by("-pk")
    later = keys.filter(pk__gte=middle, pk__lt=high).order_by("pk")
    first = earlier[MOST // 2 : MOST // 2 + 1].first()
    beyond = later[MOST // 2 : MOST // 2 + 1].first()
    return Stretch(
        since=time_of(first) if first else since,
        until=time_of(beyond) if beyond else until,
        is_whole=first is None and beyond is None,
        answers=Prediction.objects.filter(pk__gte=first or low, pk__lt=beyond or high),
    )


def hour_around(at: datetime, *, now: datetime) -> Stretch:
    """Return the answers of half an hour before a moment and as long after it."""
    half = timedelta(minutes=30)
    # An answer that is being given right now has an id a moment later than `now`.
    until = min(at + half, now + timedelta(seconds=1))
    return stretch(at, since=at - half, until=until)


def day_of(at: datetime) -> Stretch:
    """Return the answers of the day, in UTC, on which a moment lies."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return stretch(at, since=midnight, until=midnight + timedelta(days=1))


def shares(answers: QuerySet[Prediction]) -> list[Share]:
    """Return who gave which share of the answers, the largest first."""
    counted = {
        (path, sha256): count
        for path, sha256, count in answers.values_list("decision_path", "version")
        .annotate(count=Count("pk"))
        .order_by("-count", "decision_path", "version")
    }
    names = {f"{path} {sha256}": count for (path, sha256), count in counted.items()}
    whole = percents(names)
    return [
        Share(path, sha256, count, whole[f"{path} {sha256}"])
        for (path, sha256), count in counted.items()
    ]


def stood_in(day: Stretch) -> Periods:
    """Return when others answered although a live model was deployed, the earliest first."""
    live = list(Deployment.objects.between(day.since, day.until).filter(role="live"))
    runs = [
        run
        for run in _runs(day.answers)
        if any(
            one.started_at <= run.since and (one.ended_at is None or run.since < one.ended_at)
            for one in live
        )
    ]
    longest = sorted(runs, key=lambda run: run.answers, reverse=True)[:MOST_PERIODS]
    why = _why([key for run in longest for key in (run.first, run.last)])
    found = [
        StoodIn(
            since=run.since,
            until=run.until,
            answers=run.answers,
            why="unusable" if "unusable" in (why[run.first], why[run.last]) else why[run.first],
        )
        for run in longest
    ]
    found.sort(key=lambda one: one.since)
    return Periods(day, tuple(found), len(runs) - len(found))


@dataclass(frozen=True, slots=True)
class _Run:
    first: UUID
    last: UUID
    since: datetime
    until: datetime
    answers: int


def _runs(answers: QuerySet[Prediction]) -> Iterator[_Run]:
    """Yield the longest rows of answers that no live model gave, in the order they were made."""
    by_other = Case(
        When(decision_path__in=_BY_MODEL, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    nobody = Value(-1)
    # The first and the last of each run are different from their neighbours.
    edges = (
        answers.annotate(
            by_other=by_other,
            before=Window(Lag("by_other", default=nobody), order_by="pk"),
            after=Window(Lead("by_other", default=nobody), order_by="pk"),
            number=Window(RowNumber(), order_by="pk"),
        )
        .filter(~Q(before=F("by_other")) | ~Q(after=F("by_other")))
        .order_by("pk")
        .values_list("pk", "made_at", "number", "by_other", "before", "after")
    )
    begun: tuple[UUID, datetime, int] | None = None
    for key, made_at, number, is_other, before, after in edges:
        if not is_other:
            continue
        if before != 1:
            begun = (key, made_at, number)
        assert begun is not None
        if after != 1:
            yield _Run(begun[0], key, begun[1], made_at, number - begun[2] + 1)


def _why(keys: Sequence[UUID]) -> Mapping[UUID, str]:
    """Return for each of these receipts why the live model did not answer."""
    entries = Entry.objects.filter(uuid__in=keys).only("uuid", "body")
    return {entry.uuid: _why_not_live(json.loads(entry.content())) for entry in entries}


def _why_not_live(receipt: Mapping[str, Any]) -> str:
    return next(
        (str(one["why"]) for one in receipt["passed_over"] if one["path"] == Path.LIVE), "unusable"
    )
