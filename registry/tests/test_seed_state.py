import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from ledger.models import Entry
from lib import clock
from registry import actions
from registry.models import Approval, Deployment, ModelVersion
from registry.release import read_release

pytestmark = pytest.mark.django_db


def register_model(folder: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("register_model", str(folder), *arguments, stdout=out)
    return out.getvalue()


def live() -> str:
    return Deployment.objects.open().get(role="live").version_id


def test_the_seed_answers_and_says_that_nobody_reviewed_it(trained: Path) -> None:
    said = register_model(trained, "--seed")
    assert Deployment.objects.open().count() == 3
    assert said.count("(seed state)") == 3
    for approval in Approval.objects.all():
        assert approval.is_seed
        assert approval.reason.startswith("Seed state: ")
    assert Entry.objects.filter(kind="model.approved").count() == 3


def test_planting_twice_changes_nothing(trained: Path) -> None:
    register_model(trained, "--seed")
    entries = Entry.objects.count()
    assert "nothing changed" in register_model(trained, "--seed")
    assert Entry.objects.count() == entries


def test_a_seed_makes_way_for_a_newer_seed(trained: Path, trained_otherwise: Path) -> None:
    register_model(trained, "--seed")
    first = live()
    register_model(trained_otherwise, "--seed")
    assert live() != first
    register_model(trained, "--seed")
    assert live() == first


def test_a_seed_never_replaces_what_people_decided(
    trained: Path, trained_otherwise: Path, alice: User, bob: User
) -> None:
    register_model(trained, "--seed")
    version, *_ = actions.register(
        release=read_release(trained_otherwise), by=alice, now=clock.now()
    )
    actions.approve(sha256=version.pk, reason="Better.", by=bob, now=clock.now())
    actions.deploy(sha256=version.pk, by=bob, now=clock.now())
    register_model(trained, "--seed")
    assert live() == version.pk


def test_without_seed_somebody_submits_candidates(trained: Path, alice: User) -> None:
    said = register_model(trained, "--by", "alice")
    assert said.count("(candidate)") == 3
    assert ModelVersion.objects.filter(submitted_by=alice, status="candidate").count() == 3
    assert not Deployment.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((), "add --by"), (("--by", "nobody"), "nobody called nobody")],
)
def test_a_candidate_needs_a_person(
    trained: Path, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        register_model(trained, *arguments)


def test_a_folder_without_a_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"card\.json"):
        register_model(tmp_path, "--seed")


def test_nobody_can_sign_in_as_the_robot(db: None) -> None:
    assert not actions.robot().has_usable_password()
    assert actions.robot().pk == actions.robot().pk
