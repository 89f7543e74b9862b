"""The page that says what was live at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from lib import clock
from lib.charts import Span, place, timeline
from predictions import observed
from predictions.serving import ORDER
from registry.models import Deployment

NEEDS = ("registry.view_deployment", "predictions.view_prediction")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# What the chart shows on either side of the moment.
AROUND = timedelta(days=7)
MOST_TABLETS = 100
WIDTH, LANE = 760, 40
NO_MOMENT = "This is no date and time. Write it like 2026-11-20 08:15:00, in UTC."
NOT_PAST = "Nobody can say yet what will be live, nor what was before the year 2000."


class NoMoment(Exception):
    """The message is fit to show to the person who asked."""


@dataclass(frozen=True, slots=True)
class Chart:
    since: datetime
    until: datetime
    boxes: list[dict[str, Any]]
    lanes: list[tuple[str, float]]
    days: list[tuple[float, str]]
    moment_x: float
    width: int = WIDTH
    height: int = LANE * len(ORDER)


def show(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Answer with the page, about now or the moment that `at` names."""
    if request.method not in ("GET", "HEAD") or not request.user.has_perms(NEEDS):
        raise PermissionDenied
    now = clock.now()
    told = request.GET.get("at", "").strip()
    shown: dict[str, Any] = {"title": "What was live", "told": told}
    status = 200
    try:
        at = _moment(told, now) if told else now
        shown |= page(at=at, now=now)
    except NoMoment as error:
        shown["error"] = str(error)
        status = 400
    template = "admin/predictions/prediction/live.html"
    return TemplateResponse(request, template, {**context, **shown}, status=status)


def _moment(told: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(told)
        # The field has no place for an offset, and its label says that it is in UTC.
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoMoment(NO_MOMENT) from error
    # The field has no place for milliseconds either: "now" may be a moment ago when it is sent.
    if not EARLIEST <= at <= now:
        raise NoMoment(NOT_PAST)
    return at


def page(*, at: datetime, now: datetime) -> dict[str, Any]:
    """Gather what was deployed at a moment, and how questions were answered around it."""
    hour = observed.hour_around(at, now=now)
    periods = observed.stood_in(observed.day_of(at))
    found = observed.deployed_at(at)
    deployed = {one.role: one for one in found}
    behind = observed.behind(at, live=observed.live_of(found))
    return {
        "at": at,
        "told": f"{at:%Y-%m-%dT%H:%M:%S}",
        "roles": [(role, deployed.get(role)) for role in ORDER],
        "chart": chart(at=at, now=now),
        "hour": hour,
        "shares": observed.shares(hour.answers),
        "periods": periods,
        "outages": [one for one in periods.found if one.why == "unusable"],
        "unknown": [one for one in periods.found if one.why != "unusable"],
        "most": observed.MOST,
        "behind": behind,
        "tablets": behind.held[:MOST_TABLETS],
    }


def chart(*, at: datetime, now: datetime) -> Chart:
    """Return the deployments of the days around a moment, as bars over time."""
    since, until = at - AROUND, min(at + AROUND, now)
    found = Deployment.objects.between(since, until).order_by("started_at")
    deployments = {str(one.pk): one for one in found}
    spans = [Span(one.role, key, one.started_at, one.ended_at) for key, one in deployments.items()]
    boxes = timeline(spans, order=ORDER, since=since, until=until, width=WIDTH, lane=LANE)
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    days = [midnight + timedelta(days=number) for number in range((until - midnight).days + 1)]
    return Chart(
        since=since,
        until=until,
        boxes=[{"box": box, "deployment": deployments[box.label]} for box in boxes],
        lanes=[(role, LANE * (number + 0.5)) for number, role in enumerate(ORDER)],
        days=[(place(day, since=since, until=until, width=WIDTH), f"{day:%d %b}") for day in days],
        moment_x=place(at, since=since, until=until, width=WIDTH),
    )
