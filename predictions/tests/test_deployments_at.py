"""What was live at a moment, and how questions were answered around it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.actions import report_tablet
from accounts.models import User
from lib import clock
from lib.ids import smallest_id, time_of, uuid7
from predictions import observed
from predictions.models import Prediction
from predictions.tests.conftest import Post, client_of
from predictions.tests.past import DAY, answered, minutes
from registry import actions, files
from registry.models import ModelVersion
from registry.release import read_release

pytestmark = pytest.mark.django_db

FIRST, SECOND = DAY, DAY + timedelta(days=7)
NOON = DAY + timedelta(hours=12)
UNUSABLE = [("live", "unusable")]
NOTHING = [("live", "nothing_known")]


@pytest.fixture
def two(trained: Path, trained_otherwise: Path, alice: User, bob: User) -> dict[str, list[str]]:
    """Two releases, the second a week after the first. The digests of each role, in order."""
    digests: dict[str, list[str]] = {}
    for folder, now in ((trained, FIRST), (trained_otherwise, SECOND)):
        for version in actions.register(release=read_release(folder), by=alice, now=now):
            if version.status != "candidate":
                continue
            actions.approve(sha256=version.pk, reason="Right on 98 of 100.", by=bob, now=now)
            deployed = actions.deploy(sha256=version.pk, by=bob, now=now)
            digests.setdefault(deployed.role, []).append(version.pk)
    return digests


@pytest.fixture
def auditor(dora: User) -> Client:
    return client_of(dora)


def ask(client: Client, at: datetime | str) -> Any:
    text = at if isinstance(at, str) else at.isoformat()
    answer = client.get("/api/v1/deployments", {"at": text})
    assert answer.status_code == 200, answer.content
    return answer.json()


def live(told: Any) -> list[str]:
    return [one["model_sha256"] for one in told["deployments"] if one["role"] == "live"]


def test_a_moment_belongs_to_the_model_that_answered_then(
    two: dict[str, list[str]], auditor: Client
) -> None:
    first, second = two["live"]
    tick = timedelta(microseconds=1)
    assert live(ask(auditor, FIRST - tick)) == []
    assert live(ask(auditor, FIRST)) == [first]
    assert live(ask(auditor, SECOND - tick)) == [first]
    # The old one ended at the very moment at which the new one started.
    assert live(ask(auditor, SECOND)) == [second]


def test_it_is_told_who_let_a_model_in_and_why(two: dict[str, list[str]], auditor: Client) -> None:
    told = ask(auditor, NOON)
    assert [one["role"] for one in told["deployments"]] == ["live", "fallback", "rules"]
    deployment = told["deployments"][0]
    version = ModelVersion.objects.get(pk=two["live"][0])
    assert deployment == {
        "role": "live",
        "model_sha256": version.pk,
        "kind": "model",
        "dataset_sha256": version.dataset_sha256,
        "since": "2026-09-01T00:00:00.000000Z",
        "until": "2026-09-08T00:00:00.000000Z",
        "deployed_by": "bob",
        "approval": {
            "by": "bob",
            "at": "2026-09-01T00:00:00.000000Z",
            "reason": "Right on 98 of 100.",
            "is_seed": False,
        },
        "configured_percent": 100,
    }


def test_without_a_moment_it_is_now(two: dict[str, list[str]], auditor: Client) -> None:
    told = auditor.get("/api/v1/deployments").json()
    assert live(told) == two["live"][1:]
    assert told["deployments"][0]["until"] is None
    assert abs(clock.now() - datetime.fromisoformat(told["at"])) < timedelta(minutes=10)


def test_an_offset_is_understood(two: dict[str, list[str]], auditor: Client) -> None:
    assert live(ask(auditor, "2026-09-08T02:00:00+02:00")) == two["live"][1:]
    assert live(ask(auditor, "2026-09-08T01:59:59+02:00")) == two["live"][:1]


@pytest.mark.parametrize(
    "at",
    [
        "", "nonsense", "2026-09-08", "2026-09-08T00:00:00", "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z", "2026-09-08T00:00:00 02:00", "1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_moment_of_the_past_is_refused(auditor: Client, at: str) -> None:
    answer = auditor.get("/api/v1/deployments", {"at": at})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_query"


def test_a_moment_to_come_is_refused(auditor: Client) -> None:
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    answer = auditor.get("/api/v1/deployments", {"at": soon})
    assert answer.status_code == 400
    assert "will be live" in answer.json()["detail"]


def test_the_shares_are_those_of_the_hour_around(
    two: dict[str, list[str]], auditor: Client, carla: User
) -> None:
    sha256, spare = two["live"][0], two["fallback"][0]
    answered(carla, NOON - minutes(31), path="none")
    for number in range(6):
        answered(carla, NOON + minutes(5 * number - 29), sha256=sha256)
    answered(carla, NOON, path="fallback", sha256=spare, passed_over=UNUSABLE)
    answered(carla, NOON + minutes(29), path="none", passed_over=NOTHING)
    answered(carla, NOON + minutes(31), path="none")
    told = ask(auditor, NOON)["observed"]
    assert told["is_whole"] is True
    assert told["since"] == "2026-09-01T11:30:00.000000Z"
    shares = [tuple(one.values()) for one in told["shares"]]
    assert shares[0] == ("live", sha256, 6, 75)
    assert {one[:3] for one in shares[1:]} == {("fallback", spare, 1), ("none", None, 1)}
    assert sum(one[3] for one in shares) == 100


def test_stretches_in_which_others_answered_are_told_with_their_reason(
    two: dict[str, list[str]], auditor: Client, carla: User
) -> None:
    sha256, spare = two["live"][0], two["fallback"][0]
    for path, passed_over in (
        ("live", []), ("fallback", UNUSABLE), ("none", UNUSABLE), ("rules", UNUSABLE),
        ("live", []), ("fallback", NOTHING), ("canary", []), ("live", []), ("fallback", UNUSABLE),
    ):  # fmt: skip
        at = NOON + minutes(Prediction.objects.count())
        used = {"live": sha256, "canary": sha256, "fallback": spare, "rules": two["rules"][0]}
        answered(carla, at, path=path, sha256=used.get(path), passed_over=passed_over)
    told = ask(auditor, DAY + timedelta(hours=1))["stood_in"]
    assert (told["is_whole"], told["left_out"]) == (True, 0)
    found = [tuple(one.values()) for one in told["found"]]
    assert [(since[11:16], until[11:16], *rest) for since, until, *rest in found] == [
        ("12:01", "12:03", 3, "unusable"),
        ("12:05", "12:05", 1, "nothing_known"),
        ("12:08", "12:08", 1, "unusable"),
    ]  # fmt: skip


def test_before_a_live_model_was_deployed_nobody_stood_in(
    two: dict[str, list[str]], auditor: Client, carla: User
) -> None:
    answered(carla, FIRST - minutes(1), path="none", passed_over=UNUSABLE)
    told = ask(auditor, FIRST - minutes(2))
    assert told["stood_in"]["found"] == []
    assert [one["answers"] for one in told["observed"]["shares"]] == [1]


def test_another_day_is_not_told(two: dict[str, list[str]], auditor: Client, carla: User) -> None:
    for days in (-1, 1):
        at = NOON + timedelta(days=3 + days)
        answered(carla, at, path="none", passed_over=UNUSABLE)
    assert ask(auditor, NOON + timedelta(days=3))["stood_in"]["found"] == []


def test_of_too_many_answers_the_nearest_are_looked_at(
    two: dict[str, list[str]], carla: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "MOST", 4)
    made = [
        answered(carla, NOON + minutes(number), sha256=two["live"][0]).pk for number in range(-5, 6)
    ]
    stretch = observed.day_of(NOON)
    assert stretch.is_whole is False
    found = list(stretch.answers.order_by("pk").values_list("pk", flat=True))
    # Two before and two from the moment on; where it began is the one before these.
    assert found == made[2:7]
    assert stretch.since == NOON - minutes(3)
    assert stretch.until == NOON + minutes(2)


def test_the_shortest_of_too_many_stretches_are_left_out(
    two: dict[str, list[str]], carla: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "MOST_PERIODS", 1)
    for number, path in enumerate(["none", "live", "none", "none", "live"]):
        sha256 = two["live"][0] if path == "live" else None
        answered(carla, NOON + minutes(number), path=path, sha256=sha256, passed_over=UNUSABLE)
    periods = observed.stood_in(observed.day_of(NOON))
    assert [one.answers for one in periods.found] == [2]
    assert periods.left_out == 1


def test_a_real_answer_without_a_usable_model_is_found(
    two: dict[str, list[str]], auditor: Client, post: Post
) -> None:
    files.path_of(two["live"][-1], kind="model").unlink()
    post({"name": "Cordless drill 7"})
    now = clock.now()
    told = ask(auditor, now)["stood_in"]["found"]
    assert [(one["answers"], one["why"]) for one in told] == [(1, "unusable")]


def test_tablets_that_held_another_model_are_named(
    two: dict[str, list[str]], auditor: Client, carla: User
) -> None:
    first, second = two["live"]
    one, other = UUID(int=1), UUID(int=2)

    def report(uuid: UUID, sha256: str, at: datetime) -> None:
        report_tablet(
            uuid=uuid, model_sha256=sha256, checkpoint_size=0, alarm=None, by=carla, now=at
        )

    for uuid in (one, other):
        report(uuid, first, NOON)
    assert ask(auditor, NOON - minutes(1))["tablets"] == {"reported": 0, "others": 0, "held": []}
    assert ask(auditor, NOON)["tablets"] == {"reported": 2, "others": 0, "held": []}
    report(one, second, SECOND + minutes(10))
    told = ask(auditor, SECOND + minutes(20))["tablets"]
    assert (told["reported"], told["others"]) == (2, 1)
    assert told["held"] == [
        {
            "tablet": str(other),
            "model_sha256": first,
            "since": "2026-09-01T12:00:00.000000Z",
            "until": None,
        }
    ]
    told = ask(auditor, SECOND + minutes(5))["tablets"]["held"]
    assert [held["until"] for held in told] == ["2026-09-08T00:10:00.000000Z", None]


def test_it_takes_as_many_queries_for_many_answers(
    two: dict[str, list[str]],
    auditor: Client,
    carla: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ask(auditor, NOON)
    for number in range(20):
        path = "live" if number % 2 else "none"
        sha256 = two["live"][0] if path == "live" else None
        answered(carla, NOON + minutes(number), path=path, sha256=sha256, passed_over=NOTHING)
    with django_assert_num_queries(10):
        ask(auditor, NOON)


def test_ids_begin_where_their_time_does() -> None:
    at = datetime(2026, 9, 1, 12, 30, 15, 123_000, tzinfo=UTC)
    assert time_of(smallest_id(at)) == at
    before = clock.now() - timedelta(milliseconds=1)
    assert before <= time_of(uuid7()) <= clock.now()
