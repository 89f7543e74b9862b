from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from ledger.models import Entry
from lib import clock
from registry import actions
from registry.models import Deployment, ModelVersion
from registry.release import read_release
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(deployed: SHA256, trained_otherwise: Path, alice: User, bob: User) -> str:
    """A second model, approved and waiting beside the one that answers."""
    version, *_ = actions.register(
        release=read_release(trained_otherwise), by=alice, now=clock.now()
    )
    actions.approve(sha256=version.pk, reason="Smaller.", by=bob, now=clock.now())
    return version.pk


def test_the_next_starts_when_the_last_one_ends(deployed: SHA256, second: str, bob: User) -> None:
    now = clock.now()
    after = actions.deploy(sha256=second, by=bob, now=now)
    before = Deployment.objects.get(version=deployed["live"])
    assert before.ended_at == after.started_at == now
    assert Deployment.objects.open().get(role="live").version_id == second
    assert Entry.objects.get(kind="model.deployed", subject=second).actor_id == bob.pk


def test_the_way_back_is_another_deployment(deployed: SHA256, second: str, bob: User) -> None:
    actions.deploy(sha256=second, by=bob, now=clock.now())
    actions.deploy(sha256=deployed["live"], by=bob, now=clock.now())
    history = Deployment.objects.filter(role="live").order_by("started_at")
    assert [one.version_id for one in history] == [deployed["live"], second, deployed["live"]]


def test_a_candidate_cannot_answer(
    deployed: SHA256, trained_otherwise: Path, alice: User, bob: User
) -> None:
    version, *_ = actions.register(
        release=read_release(trained_otherwise), by=alice, now=clock.now()
    )
    with pytest.raises(actions.CannotDeploy, match="candidate"):
        actions.deploy(sha256=version.pk, by=bob, now=clock.now())
    with pytest.raises(IntegrityError, match="only_approved"), transaction.atomic():
        Deployment.objects.filter(role="live").update(ended_at=clock.now())
        Deployment.objects.create(
            role="live", version=version, started_at=clock.now(), started_by=bob
        )


def test_rules_cannot_pose_as_the_live_model(deployed: SHA256, bob: User) -> None:
    now = clock.now()
    Deployment.objects.filter(role="live").update(ended_at=now)
    with pytest.raises(IntegrityError, match="only_approved"), transaction.atomic():
        Deployment.objects.create(
            role="live", version_id=deployed["rules"], started_at=now, started_by=bob
        )


def test_one_version_answers_in_each_part(deployed: SHA256, second: str, bob: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.create(
            role="live", version_id=second, started_at=clock.now(), started_by=bob
        )
    assert Deployment.objects.open().filter(role="live").count() == 1


def test_what_answers_already_is_not_deployed_again(deployed: SHA256, bob: User) -> None:
    with pytest.raises(actions.CannotDeploy, match="live already"):
        actions.deploy(sha256=deployed["live"], by=bob, now=clock.now())


def test_a_clock_that_went_back_does_not_bend_the_history(
    deployed: SHA256, second: str, bob: User
) -> None:
    with pytest.raises(actions.CannotDeploy, match="clock"):
        actions.deploy(sha256=second, by=bob, now=clock.now() - timedelta(days=1))


def test_a_deployment_ends_after_it_started(deployed: SHA256) -> None:
    started = Deployment.objects.get(role="live").started_at
    with pytest.raises(IntegrityError, match="ended_after"), transaction.atomic():
        Deployment.objects.filter(role="live").update(ended_at=started)


def test_a_deployment_ends_once(deployed: SHA256) -> None:
    Deployment.objects.filter(role="live").update(ended_at=clock.now())
    with pytest.raises(IntegrityError, match="ends_once"), transaction.atomic():
        Deployment.objects.filter(role="live").update(ended_at=None)


@pytest.mark.parametrize("column", ["role", "version_id", "started_at", "started_by_id"])
def test_the_history_is_not_rewritten(deployed: SHA256, column: str) -> None:
    with (
        pytest.raises(IntegrityError, match="deployment_is_fixed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE registry_deployment SET {column} = {column}")


def test_the_history_is_not_deleted(deployed: SHA256) -> None:
    with pytest.raises(IntegrityError, match="deployment_stays"), transaction.atomic():
        Deployment.objects.all().delete()


def test_what_answers_is_not_retired(deployed: SHA256, bob: User) -> None:
    with pytest.raises(actions.CannotRetire, match="answers right now"):
        actions.retire(sha256=deployed["live"], reason="Old.", by=bob, now=clock.now())


def test_a_retired_model_does_not_come_back(deployed: SHA256, second: str, bob: User) -> None:
    actions.retire(sha256=second, reason="Not needed.", by=bob, now=clock.now())
    with pytest.raises(actions.CannotDeploy, match="retired"):
        actions.deploy(sha256=second, by=bob, now=clock.now())
    with pytest.raises(actions.CannotRetire, match="retired already"):
        actions.retire(sha256=second, reason="Again.", by=bob, now=clock.now())
    with pytest.raises(IntegrityError, match="goes_forward"), transaction.atomic():
        ModelVersion.objects.filter(pk=second).update(status="approved")
