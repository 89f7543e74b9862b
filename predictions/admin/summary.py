"""What the front page of the admin shows: a few numbers and charts, each of bounded cost."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, F, IntegerField, QuerySet, Value, When

from accounts.models import User
from jobs.models import Job
from ledger.admin import PROGRAM
from ledger.models import Entry
from lib.charts import columns_of, percents, strip
from lib.ids import smallest_id
from predictions.admin.filters import newest_reviews
from predictions.models import Path, Prediction
from registry.models import Deployment

DAYS = 14
# What the charts look at, at most. Beyond it they say so.
MOST = 100_000
# Up to here the entries are counted; beyond, the number of the last one has to do.
MOST_COUNTED = 200_000
_BUCKETS = 10
_WIDTH, _HEIGHT = 560, 160
_PATHS = [str(path) for path in Path.values]
_ANSWERS = ["accepted", "corrected", "waiting"]


def summary(*, user: User | AnonymousUser, now: datetime) -> dict[str, object]:
    """Gather what this person may see. Parts that they may not see are left out."""
    shown: dict[str, object] = {}
    if user.has_perm("predictions.view_prediction"):
        shown["charts"] = charts(now=now)
    if user.has_perm("registry.view_deployment"):
        shown["live"] = _live()
    if user.has_perm("ledger.view_entry"):
        shown["ledger"] = _ledger()
    if user.has_perm("jobs.view_job"):
        shown["failed"] = list(Job.objects.exclude(last_error="").order_by("name")[:10])
        shown["shows_jobs"] = True
    return shown


def charts(*, now: datetime) -> dict[str, object]:
    """Return the charts of the last DAYS days, or of the newest MOST predictions in them."""
    first = datetime.combine(now.astimezone(UTC).date(), time(), UTC) - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    # By key alone, which the index of the keys can count along.
    newest = Prediction.objects.filter(pk__gte=smallest_id(first)).order_by("-pk")
    edge = newest.values_list("pk", flat=True)[MOST : MOST + 1].first()
    since = smallest_id(first - timedelta(days=1)) if edge is None else edge
    recent = Prediction.objects.filter(pk__gt=since, made_at__gte=first)
    by_day, by_confidence, doubtful = _counted(recent, days)
    answers = Counter({"waiting": doubtful})
    reviews = newest_reviews().filter(prediction__gt=since, prediction__made_at__gte=first)
    for outcome, needed, count in reviews.values_list(
        "outcome", "prediction__needs_review"
    ).annotate(count=Count("pk")):
        answers[outcome] += count
        answers["waiting"] -= count if needed else 0
    total = sum(sum(parts.values()) for parts in by_day.values())
    return {
        "total": total,
        "most": MOST if edge is not None else None,
        "days": DAYS,
        "by_day": _by_day(days, by_day),
        "by_confidence": _by_confidence(by_confidence),
        "answers": _answers(answers),
    }


def _counted(
    recent: QuerySet[Prediction], days: list[datetime]
) -> tuple[dict[int, Counter[str]], Counter[int], int]:
    """Count by day and path, by tenth of confidence, and what needs a person, in one query."""
    # Comparing moments is much faster than asking a database for the date of each of them.
    day = Case(
        *(When(made_at__gte=days[number], then=Value(number)) for number in reversed(range(DAYS))),
        output_field=IntegerField(),
    )
    groups = (
        recent.annotate(day=day, bucket=F("confidence_ppm") / (1_000_000 // _BUCKETS))
        .values_list("day", "decision_path", "bucket", "needs_review")
        .annotate(count=Count("pk"))
        .order_by()
    )
    by_day: dict[int, Counter[str]] = defaultdict(Counter)
    by_confidence: Counter[int] = Counter()
    doubtful = 0
    for number, path, bucket, needs_review, count in groups:
        by_day[number][path] += count
        if bucket is not None:
            by_confidence[min(bucket, _BUCKETS - 1)] += count
        doubtful += count if needs_review else 0
    return by_day, by_confidence, doubtful


def _by_day(days: list[datetime], counted: Mapping[int, Counter[str]]) -> dict[str, object]:
    columns: list[tuple[str, Mapping[str, int]]] = [
        (f"{day:%d %b}", counted.get(number, {})) for number, day in enumerate(days)
    ]
    used = [path for path in _PATHS if any(parts.get(path) for _, parts in columns)]
    return {
        "chart": columns_of(columns, order=used, width=_WIDTH, height=_HEIGHT),
        "used": used,
        "rows": [
            (label, [parts.get(path, 0) for path in used], sum(parts.values()))
            for label, parts in columns
        ],
    }


def _by_confidence(counted: Counter[int]) -> dict[str, object]:
    step = 100 // _BUCKETS
    columns = [
        (f"{number * step}–{(number + 1) * step} %", {"predictions": counted[number]})
        for number in range(_BUCKETS)
    ]
    return {
        "chart": columns_of(columns, order=["predictions"], width=_WIDTH, height=_HEIGHT),
        "rows": [(label, parts["predictions"]) for label, parts in columns],
    }


def _answers(counted: Mapping[str, int]) -> dict[str, object]:
    parts = {answer: max(0, counted.get(answer, 0)) for answer in _ANSWERS}
    shares = percents(parts)
    return {
        "boxes": strip(parts, order=_ANSWERS, width=_WIDTH, height=36),
        "rows": [(answer, parts[answer], shares[answer]) for answer in _ANSWERS],
        "total": sum(parts.values()),
    }


def _live() -> dict[str, object] | None:
    deployment = (
        Deployment.objects.filter(role="live", ended_at=None)
        .select_related("version__submitted_by", "version__approval__approved_by", "started_by")
        .first()
    )
    if deployment is None:
        return None
    card = json.loads(deployment.version.card)
    metrics = card.get("metrics", {}).get("model", {})
    accuracy = metrics.get("accuracy")
    return {
        "deployment": deployment,
        "version": deployment.version,
        "percent": None if accuracy is None else f"{accuracy * 100:.1f} %",
        "rows": metrics.get("rows"),
        "labels": len(card.get("labels", [])),
    }


def _ledger() -> dict[str, object]:
    last = Entry.objects.order_by("-pk").defer("body").first()
    number = last.pk if last else 0
    is_counted = number <= MOST_COUNTED
    actor = User.objects.filter(pk=last.actor_id).first() if last and last.actor_id else None
    return {
        "actor": actor or PROGRAM,
        "last": last,
        "number": Entry.objects.count() if is_counted else number,
        "is_counted": is_counted,
    }
