import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from jobs.models import Job
from lib import clock
from predictions import actions
from predictions.admin import summary

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
HEADINGS = {
    "by-day", "by-confidence", "answers", "live-model", "ledger-head", "jobs",
}  # fmt: skip


def headings(page: Any) -> set[str]:
    assert page.status_code == 200
    return HEADINGS & set(re.findall(r'<h2 id="([a-z-]+)"', page.content.decode()))


@pytest.mark.parametrize(
    ("who", "hidden"),
    [
        ("alice", {"ledger-head", "jobs"}),
        ("bob", {"ledger-head", "jobs"}),
        ("dora", set()),
        ("admin", set()),
    ],
)
def test_each_sees_what_their_role_may_see(
    request: pytest.FixtureRequest, enter: Enter, answer: Any, who: str, hidden: set[str]
) -> None:
    answer()
    page = enter(request.getfixturevalue(who)).get("/admin/")
    assert headings(page) == HEADINGS - hidden


def test_somebody_without_a_role_sees_no_figures(enter: Enter, answer: Any) -> None:
    assert headings(enter(User.objects.create_user("norole")).get("/admin/")) == set()


def test_an_empty_house_has_a_front_page_too(enter: Enter, dora: User) -> None:
    page = enter(dora).get("/admin/")
    assert headings(page) == HEADINGS
    assert b"No model is deployed" in page.content
    assert b"Nobody has asked in the last 14 days" in page.content


def test_predictions_are_counted_by_day_path_and_confidence(answer: Any, rita: User) -> None:
    made = [answer(), answer(), answer({"name": "zxqj"})]
    for category in (None, "Fasteners > Screws"):
        actions.review(
            prediction_id=made[0].pk, category=category, note="", by=rita, now=clock.now()
        )
    shown: Any = summary.charts(now=clock.now())
    assert shown["total"] == 3
    assert shown["most"] is None
    day, counts, total = shown["by_day"]["rows"][-1]
    assert (shown["by_day"]["used"], counts, total) == (["live", "none"], [2, 1], 3)
    assert day == f"{clock.now():%d %b}"
    assert sum(count for _, count in shown["by_confidence"]["rows"]) == 2
    # What was said last counts, once; what was said to needs nobody any more.
    waiting = sum(one.needs_review for one in made[1:])
    answers = {name: count for name, count, _ in shown["answers"]["rows"]}
    assert answers == {"accepted": 0, "corrected": 1, "waiting": waiting}


def test_older_predictions_are_not_counted(answer: Any) -> None:
    answer()
    later: Any = summary.charts(now=clock.now() + timedelta(days=14))
    assert later["total"] == 0
    still: Any = summary.charts(now=clock.now() + timedelta(days=13))
    assert still["total"] == 1
    assert still["by_day"]["rows"][0][2] == 1


def test_only_the_newest_are_counted_where_there_are_too_many(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        answer()
    monkeypatch.setattr(summary, "MOST", 3)
    shown: Any = summary.charts(now=clock.now())
    assert (shown["total"], shown["most"]) == (3, 3)


def test_the_front_page_takes_as_many_queries_for_many_answers(
    enter: Enter, dora: User, answer: Any
) -> None:
    client = enter(dora)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/admin/").status_code == 200
        return len(captured)

    answer()
    queries()
    few = queries()
    for _ in range(5):
        answer()
    assert queries() == few == 12


def test_failed_jobs_are_named(enter: Enter, dora: User) -> None:
    Job.objects.create(name="sweep", run_after=clock.now(), attempts=3, last_error="disk full")
    page = enter(dora).get("/admin/").content.decode()
    assert "sweep" in page
    assert "3 times: disk full" in page


def test_every_chart_has_its_numbers_in_words(enter: Enter, dora: User, answer: Any) -> None:
    answer()
    page = enter(dora).get("/admin/").content.decode()
    charts = re.findall(r'<svg class="chart[^>]*>', page)
    assert len(charts) >= 2
    for chart in charts:
        told = re.search(r'aria-labelledby="([a-z-]+)"', chart)
        assert told is not None
        assert re.search(rf'<title id="{told[1]}">[^<]+</title>', page)
    assert page.count("The numbers as a table") == 2


@pytest.mark.parametrize(
    "address",
    [
        "", "predictions/", "predictions/prediction/", "registry/modelversion/", "ledger/entry/",
        "inventory/product/", "inventory/product/add/", "accounts/user/", "jobs/job/",
    ],
)  # fmt: skip
def test_nothing_is_inline(enter: Enter, admin: User, answer: Any, address: str) -> None:
    answer()
    html = enter(admin).get(f"/admin/{address}").content.decode()
    assert "<style" not in html
    assert not re.search(r"\s(on\w+|style)=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", html)


@pytest.mark.parametrize(
    ("sheet", "count"),
    [("static/admin-desk.css", 9), ("frontend/src/tablet/tablet.css", 16)],
)
def test_the_desk_and_the_tablet_have_the_colours_of_the_other_pages(
    sheet: str, count: int
) -> None:
    def colours(name: str) -> list[dict[str, str]]:
        css = (settings.BASE_DIR / name).read_text()
        blocks = re.findall(r":root\s*\{(.*?)\}", css, re.DOTALL)
        return [dict(re.findall(r"(--[a-z-]+):\s*(#[0-9a-f]+);", block)) for block in blocks]

    theirs = colours("static/shelfmark.css")[:2]
    for mine, their in zip(colours(sheet)[:2], theirs, strict=True):
        assert len(mine) == count
        assert mine.items() <= their.items()
