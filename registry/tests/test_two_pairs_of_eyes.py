from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from ledger.actions import record
from ledger.models import Entry
from ledger.openings import opened
from lib import clock
from lib.ids import uuid7
from registry import actions
from registry.models import Approval, ModelVersion
from registry.release import read_release

pytestmark = pytest.mark.django_db


@pytest.fixture
def candidate(trained: Path, alice: User) -> ModelVersion:
    version, *_ = actions.register(release=read_release(trained), by=alice, now=clock.now())
    return version


def make_approval(version: ModelVersion, submitted_by: User, by: User, **fields: object) -> None:
    """Go round the action."""
    defaults = {"reason": "It looks right.", "approved_at": clock.now()}
    with transaction.atomic():
        approval = Approval.objects.create(
            version=version,
            submitted_by=submitted_by,
            approved_by=by,
            entry_id=uuid7(),
            **defaults | fields,
        )
        record(
            "model.approved",
            actor=by.pk,
            subject=version.pk,
            now=clock.now(),
            uuid=approval.entry_id,
        )


def test_somebody_else_approves(candidate: ModelVersion, bob: User) -> None:
    actions.approve(sha256=candidate.pk, reason="Better on gloves.", by=bob, now=clock.now())
    candidate.refresh_from_db()
    assert candidate.status == "approved"
    assert candidate.approval.reason == "Better on gloves."
    assert not candidate.approval.is_seed
    entry = Entry.objects.get(kind="model.approved")
    assert entry.actor_id == bob.pk
    assert b"gloves" not in entry.content()
    assert opened(entry.uuid)["details"].value == {"reason": "Better on gloves."}


def test_nobody_approves_their_own_model(candidate: ModelVersion, alice: User) -> None:
    with pytest.raises(actions.CannotApprove, match="Somebody else"):
        actions.approve(sha256=candidate.pk, reason="Mine.", by=alice, now=clock.now())


def test_an_approval_needs_a_reason(candidate: ModelVersion, bob: User) -> None:
    with pytest.raises(actions.CannotApprove, match="needs a reason"):
        actions.approve(sha256=candidate.pk, reason=" ", by=bob, now=clock.now())


def test_a_model_is_approved_once(candidate: ModelVersion, bob: User, admin: User) -> None:
    actions.approve(sha256=candidate.pk, reason="Good.", by=bob, now=clock.now())
    with pytest.raises(actions.CannotApprove, match="approved, not a candidate"):
        actions.approve(sha256=candidate.pk, reason="Good.", by=admin, now=clock.now())


def test_the_database_needs_a_second_pair_of_eyes_too(candidate: ModelVersion, alice: User) -> None:
    with pytest.raises(IntegrityError, match="two_pairs_of_eyes"):
        make_approval(candidate, alice, alice)


def test_the_submitter_cannot_be_misstated(candidate: ModelVersion, alice: User, bob: User) -> None:
    with pytest.raises(IntegrityError, match="names_the_submitter"):
        make_approval(candidate, bob, alice)


def test_only_a_seed_that_says_so_has_one_pair_of_eyes(
    candidate: ModelVersion, alice: User
) -> None:
    with pytest.raises(IntegrityError, match="seed_says_so"):
        make_approval(candidate, alice, alice, is_seed=True)
    make_approval(candidate, alice, alice, is_seed=True, reason="Seed state: the first one.")


def test_a_model_is_not_approved_without_an_approval(candidate: ModelVersion) -> None:
    with pytest.raises(IntegrityError, match="approved_needs_approval"), transaction.atomic():
        ModelVersion.objects.filter(pk=candidate.pk).update(status="approved")


@pytest.mark.parametrize(
    "column", ["sha256", "kind", "card", "dataset_sha256", "bytes", "golden", "submitted_at"]
)
def test_what_was_registered_stays_as_it_was(candidate: ModelVersion, column: str) -> None:
    with (
        pytest.raises(IntegrityError, match="version_is_fixed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE registry_modelversion SET {column} = {column}")


def test_a_version_is_never_deleted(candidate: ModelVersion) -> None:
    with pytest.raises(IntegrityError, match="version_stays"), transaction.atomic():
        candidate.delete()


def test_an_approval_is_never_changed_or_deleted(candidate: ModelVersion, bob: User) -> None:
    actions.approve(sha256=candidate.pk, reason="Good.", by=bob, now=clock.now())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Approval.objects.update(reason="Never mind.")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Approval.objects.all().delete()
