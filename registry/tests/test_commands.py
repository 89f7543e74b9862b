from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from registry.models import Deployment

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_model_answers_after_one_person_submits_and_another_approves_and_deploys(
    trained: Path, alice: User, bob: User
) -> None:
    registered = dict(
        line.split(" (")[0].split(": ")
        for line in run("register_model", str(trained), "--by", "alice").splitlines()
    )
    sha256 = registered["model"]
    with pytest.raises(CommandError, match="alice may not do this"):
        run("approve_model", sha256, "--by", "alice", "--reason", "mine")
    with pytest.raises(CommandError, match="Only an approved model"):
        run("deploy_model", sha256, "--by", "bob")
    run("approve_model", sha256, "--by", "bob", "--reason", "Looked at the card.")
    assert run("deploy_model", sha256, "--by", "bob") == f"live: {sha256}\n"
    assert Deployment.objects.open().get(role="live").started_by == bob


@pytest.mark.parametrize("command", [["approve_model", "--reason", "x"], ["deploy_model"]])
def test_unknown_people_and_models_are_a_sentence(command: list[str], bob: User) -> None:
    name, *rest = command
    with pytest.raises(CommandError, match="nobody called zoe"):
        run(name, "0" * 64, "--by", "zoe", *rest)
    with pytest.raises(CommandError, match="No model 000"):
        run(name, "0" * 64, "--by", "bob", *rest)
