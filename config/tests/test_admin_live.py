"""The page that says what was live at a moment."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actions import report_tablet
from accounts.models import User
from lib import clock
from predictions.tests.past import DAY, answered, minutes
from registry import actions
from registry.release import read_release

pytestmark = pytest.mark.django_db

LIVE = "/admin/predictions/prediction/live/"
NOON = DAY + timedelta(hours=12)


@pytest.fixture
def desk(enter: Callable[[User], Client], dora: User) -> Client:
    return enter(dora)


@pytest.fixture
def first(trained: Path, alice: User, bob: User) -> dict[str, str]:
    """A release that has answered since DAY, approved by bob. The digest of each role."""
    digests = {}
    for version in actions.register(release=read_release(trained), by=alice, now=DAY):
        actions.approve(sha256=version.pk, reason="Right on 98 of 100.", by=bob, now=DAY)
        deployed = actions.deploy(sha256=version.pk, by=bob, now=DAY)
        digests[str(deployed.role)] = version.pk
    return digests


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.content.decode()))


def at(client: Client, moment: str) -> Any:
    return client.get(LIVE, {"at": moment})


def test_the_page_says_what_answered_who_let_it_in_and_why(
    desk: Client, first: dict[str, str]
) -> None:
    page = at(desk, "2026-09-01T12:00:00")
    text = words(page)
    assert "What was deployed at 2026-09-01 12:00:00 UTC" in text
    for role, sha256 in first.items():
        assert f"{role} {sha256} trained on" in text
    assert text.count("2026-09-01 00:00:00 and it still answers.") == 3
    assert "Approved by Bob on 2026-09-01: “Right on 98 of 100.”" in text
    assert "Nobody asked anything in that hour." in text
    assert "There was no time at which a live model was deployed and could not be used." in text


def test_before_anything_was_deployed_the_page_says_so(desk: Client, first: dict[str, str]) -> None:
    assert words(at(desk, "2026-08-31T23:59:59")).count("Nothing was deployed.") == 3


def test_the_page_tells_shares_and_stretches(
    desk: Client, first: dict[str, str], carla: User
) -> None:
    answered(carla, NOON, sha256=first["live"])
    for number in (1, 2):
        answered(carla, NOON + minutes(number), path="none", passed_over=[("live", "unusable")])
    answered(carla, NOON + minutes(3), sha256=first["live"])
    answered(carla, NOON + minutes(4), path="none", passed_over=[("live", "nothing_known")])
    text = words(at(desk, "2026-09-01T12:00:00"))
    assert "none none 3 60 %" in text
    assert f"live {first['live']} 2 40 %" in text
    assert "2026-09-01 12:01:00 2026-09-01 12:02:00 2" in text
    assert "1 time the live model knew none of the words" in text


def test_the_chart_marks_the_moment_and_says_what_it_shows(
    desk: Client, first: dict[str, str]
) -> None:
    html = at(desk, "2026-09-01T12:00:00").content.decode()
    assert html.count('class="moment-mark"') == 1
    assert len(re.findall(r'<rect class="part (?:live|fallback|rules)"', html)) == 3
    # A week before and a week after, and what is deployed began in the middle but half a day.
    assert re.search(r'class="moment-mark" x1="380.0"', html)
    assert re.search(r'<rect class="part live" x="352.86" y="5.0" width="407.14"', html)
    assert "Deployments from 2026-08-25 to 2026-09-08" in html


def test_the_page_names_tablets_that_held_another_model(
    desk: Client, first: dict[str, str], carla: User
) -> None:
    assert "No tablet had told by then" in words(at(desk, "2026-09-01T12:00:00"))
    for number, sha256 in ((1, first["live"]), (2, "ab" * 32)):
        report_tablet(
            uuid=UUID(int=number), model_sha256=sha256, checkpoint_size=0, alarm=None, by=carla,
            now=NOON,
        )  # fmt: skip
    text = words(at(desk, "2026-09-01T12:00:00"))
    assert "1 of 2 tablets held another model than the live one." in text
    assert f"{UUID(int=2)} {'ab' * 32} 2026-09-01 12:00:00 still, as far as is known" in text
    assert str(UUID(int=1)) not in text


def test_without_a_moment_it_is_now(desk: Client, first: dict[str, str]) -> None:
    page = desk.get(LIVE)
    assert page.status_code == 200
    assert abs(page.context["at"] - clock.now()) < timedelta(minutes=10)
    assert first["live"] in words(page)


def test_a_moment_may_say_its_offset(desk: Client, first: dict[str, str]) -> None:
    assert at(desk, "2026-09-01T14:00:00.5+02:00").context["at"] == NOON + minutes(1 / 120)


@pytest.mark.parametrize(
    "moment",
    [
        "nonsense", "2026-13-01T00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59",
        "1999-01-01",
    ],
)  # fmt: skip
def test_what_is_no_moment_of_the_past_is_said_in_a_sentence(
    desk: Client, first: dict[str, str], moment: str
) -> None:
    page = at(desk, moment)
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.content.decode()
    assert first["live"] not in words(page)


def test_nothing_is_changed_through_it(desk: Client, enter: Any, roles: None) -> None:
    assert desk.post(LIVE).status_code == 403
    assert enter(User.objects.create_user("norole")).get(LIVE).status_code == 403


def test_it_takes_as_many_queries_for_many_answers(
    desk: Client, first: dict[str, str], carla: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert at(desk, "2026-09-01T12:00:00").status_code == 200
        return len(captured)

    answered(carla, NOON, path="none", passed_over=[("live", "unusable")])
    queries()
    few = queries()
    for number in range(1, 20):
        sha256 = first["live"] if number % 2 else None
        path = "live" if sha256 else "none"
        answered(
            carla, NOON + minutes(number), path=path, sha256=sha256, passed_over=[("live", "x")]
        )
    assert queries() == few == 15
