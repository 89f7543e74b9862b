from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.charts import Span, ceiling, percents, place, stacks, strip, ticks, timeline

counts = st.integers(min_value=0, max_value=10**9)


@pytest.mark.parametrize(
    ("largest", "end", "step"),
    [
        (0, 1, 1), (1, 1, 1), (5, 5, 1), (7, 8, 2), (10, 10, 2), (12, 15, 5), (60, 60, 20),
        (99, 100, 20), (7143, 8000, 2000), (100_000, 100_000, 20_000),
    ],
)  # fmt: skip
def test_an_axis_ends_at_a_round_number(largest: int, end: int, step: int) -> None:
    assert ceiling(largest) == (end, step)


@given(counts)
def test_an_axis_has_few_lines_and_holds_the_largest(largest: int) -> None:
    end, step = ceiling(largest)
    assert end >= largest
    assert end % step == 0
    assert 1 <= end // step <= 5


def test_lines_run_from_the_bottom_to_the_top() -> None:
    lines = ticks(largest=10, height=100)
    assert [(line.at, line.value) for line in lines] == [
        (100, 0), (80, 2), (60, 4), (40, 6), (20, 8), (0, 10),
    ]  # fmt: skip


def test_parts_of_a_column_stand_on_each_other() -> None:
    columns = [("Mon", {"live": 6, "rules": 4}), ("Tue", {"live": 5})]
    boxes = stacks(columns, order=["live", "rules"], width=200, height=100, gap=0.2)
    assert [(box.x, box.y, box.width, box.height, box.series) for box in boxes] == [
        (10, 40, 80, 60, "live"),
        (10, 0, 80, 40, "rules"),
        (110, 50, 80, 50, "live"),
    ]


def test_nothing_is_drawn_for_nothing() -> None:
    assert stacks([], order=["live"], width=200, height=100) == []
    assert stacks([("Mon", {"live": 0})], order=["live"], width=200, height=100) == []
    assert strip({"a": 0}, order=["a"], width=100, height=10) == []


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 10**6), min_size=1))
def test_a_strip_is_filled_without_holes(parts: dict[str, int]) -> None:
    boxes = strip(parts, order="abcd", width=400, height=10)
    assert boxes[0].x == 0
    assert boxes[-1].x + boxes[-1].width == pytest.approx(400, abs=0.02)
    for one, next_one in pairwise(boxes):
        assert one.x + one.width == pytest.approx(next_one.x, abs=0.02)


@given(st.dictionaries(st.sampled_from("abcd"), counts, min_size=1))
def test_percents_add_up(parts: dict[str, int]) -> None:
    shares = percents(parts)
    assert sum(shares.values()) == (100 if sum(parts.values()) else 0)
    assert all(shares[name] == 0 for name, value in parts.items() if not value)


def test_percents_favour_the_largest_remainder() -> None:
    assert percents({"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert percents({"a": 996, "b": 4}) == {"a": 100, "b": 0}


NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def lanes(*spans: Span) -> list[tuple[float, float, float, str, int]]:
    boxes = timeline(
        spans, order=["live", "rules"], since=NOON, until=NOON + 10 * HOUR, width=100, lane=20
    )
    return [(box.x, box.y, box.width, box.label, box.value) for box in boxes]


def test_what_lasted_is_as_long_as_its_time() -> None:
    assert lanes(
        Span("live", "a", NOON + HOUR, NOON + 3 * HOUR),
        Span("rules", "b", NOON + 3 * HOUR, NOON + 4 * HOUR),
    ) == [(10, 2.5, 20, "a", 7200), (30, 22.5, 10, "b", 3600)]


def test_what_goes_on_is_cut_off_at_the_ends() -> None:
    assert lanes(
        Span("live", "a", NOON - 5 * HOUR, NOON + HOUR), Span("live", "b", NOON + HOUR, None)
    ) == [(0, 2.5, 10, "a", 3600), (10, 2.5, 90, "b", 32_400)]


def test_what_was_over_or_is_to_come_is_left_out() -> None:
    assert (
        lanes(
            Span("live", "before", NOON - HOUR, NOON),
            Span("live", "after", NOON + 10 * HOUR, None),
            Span("nobody", "in no lane", NOON, None),
        )
        == []
    )


def test_what_was_short_can_be_seen() -> None:
    second = timedelta(seconds=1)
    assert lanes(
        Span("live", "a", NOON, NOON + second), Span("rules", "b", NOON + 10 * HOUR - second, None)
    ) == [(0, 2.5, 3, "a", 1), (97, 22.5, 3, "b", 1)]


def test_a_moment_has_its_place_and_never_one_outside() -> None:
    for hours, x in ((-1, 0), (0, 0), (5, 50), (10, 100), (11, 100)):
        at = NOON + hours * HOUR
        assert place(at, since=NOON, until=NOON + 10 * HOUR, width=100) == x
