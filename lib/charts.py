"""The arithmetic of small charts: numbers in, places and lengths out.

Everything is in the units of an SVG's viewBox, x to the right and y downwards. Colours and words
are for the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle that stands for one number."""

    x: float
    y: float
    width: float
    height: float
    series: str
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line at a round number."""

    at: float
    value: int


def ceiling(largest: int) -> tuple[int, int]:
    """Return the number an axis ends at and the step between its lines, both round.

    There are at most five steps, and the axis is never empty.
    """
    largest = max(largest, 1)
    steps = (part * 10**power for power in count() for part in (1, 2, 5))
    step = next(step for step in steps if largest <= 5 * step)
    return -(-largest // step) * step, step


def ticks(*, largest: int, height: float, top: float = 0) -> list[Tick]:
    """Return the lines of an axis that starts at the bottom of a chart."""
    end, step = ceiling(largest)
    return [
        Tick(at=_short(top + height * (1 - value / end)), value=value)
        for value in range(0, end + 1, step)
    ]


def stacks(
    columns: Sequence[tuple[str, Mapping[str, int]]],
    *,
    order: Sequence[str],
    width: float,
    height: float,
    gap: float = 0.25,
) -> list[Box]:
    """Return the parts of columns, the first of `order` at the bottom. Parts of 0 are left out.

    `gap` is the share of a column's place that stays free.
    """
    if not columns:
        return []
    end, _ = ceiling(max(sum(parts.values()) for _, parts in columns))
    place = width / len(columns)
    boxes = []
    for number, (label, parts) in enumerate(columns):
        y = height
        for series in order:
            value = parts.get(series, 0)
            if not value:
                continue
            tall = height * value / end
            y -= tall
            boxes.append(
                Box(
                    x=_short(place * (number + gap / 2)),
                    y=_short(y),
                    width=_short(place * (1 - gap)),
                    height=_short(tall),
                    series=series,
                    label=label,
                    value=value,
                )
            )
    return boxes


@dataclass(frozen=True, slots=True)
class Columns:
    """A whole chart of columns: its parts, the lines behind them and what stands below."""

    boxes: list[Box]
    ticks: list[Tick]
    labels: list[tuple[float, str]]


def columns_of(
    columns: Sequence[tuple[str, Mapping[str, int]]],
    *,
    order: Sequence[str],
    width: float,
    height: float,
) -> Columns:
    """Return a chart of columns with its axis and a label below each of them."""
    space = width / len(columns)
    return Columns(
        boxes=stacks(columns, order=order, width=width, height=height),
        ticks=ticks(largest=max(sum(parts.values()) for _, parts in columns), height=height),
        labels=[
            (_short(space * (number + 0.5)), label) for number, (label, _) in enumerate(columns)
        ],
    )


def strip(
    parts: Mapping[str, int], *, order: Sequence[str], width: float, height: float
) -> list[Box]:
    """Return one bar that is divided like the parts of a whole."""
    whole = sum(parts.get(series, 0) for series in order)
    boxes: list[Box] = []
    x = 0.0
    for series in order:
        value = parts.get(series, 0)
        if not value:
            continue
        long = width * value / whole
        boxes.append(Box(_short(x), 0, _short(long), height, series, series, value))
        x += long
    return boxes


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted. Without an `end` it still does."""

    series: str
    label: str
    start: datetime
    end: datetime | None


def place(at: datetime, *, since: datetime, until: datetime, width: float) -> float:
    """Return where a moment lies between two others, never beyond them."""
    share = (at - since) / (until - since)
    return _short(width * min(1, max(0, share)))


def timeline(
    spans: Sequence[Span],
    *,
    order: Sequence[str],
    since: datetime,
    until: datetime,
    width: float,
    lane: float,
    gap: float = 0.25,
    least: float = 3,
) -> list[Box]:
    """Return bars over time, a lane for each of `order`. Their numbers are the seconds shown.

    What does not touch the time from `since` to `until` is left out. `gap` is the share of a
    lane that stays free. A bar is at least `least` long, so that a short one can be seen.
    """
    boxes = []
    for span in spans:
        start, end = max(span.start, since), min(span.end or until, until)
        if span.series not in order or start >= end:
            continue
        x = place(start, since=since, until=until, width=width)
        long = max(least, place(end, since=since, until=until, width=width) - x)
        boxes.append(
            Box(
                x=_short(min(x, width - long)),
                y=_short(lane * (order.index(span.series) + gap / 2)),
                width=_short(long),
                height=_short(lane * (1 - gap)),
                series=span.series,
                label=span.label,
                value=round((end - start).total_seconds()),
            )
        )
    return boxes


def percents(parts: Mapping[str, int]) -> dict[str, int]:
    """Return whole percents that add up to 100 (largest remainder), or zeros for nothing."""
    whole = sum(parts.values())
    if not whole:
        return dict.fromkeys(parts, 0)
    shares = {name: value * 100 // whole for name, value in parts.items()}
    left = sorted(parts, key=lambda name: parts[name] * 100 % whole, reverse=True)
    for name in left[: 100 - sum(shares.values())]:
        shares[name] += 1
    return shares


def _short(value: float) -> float:
    return round(value, 2)
