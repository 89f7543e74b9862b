"""Who may replay a prediction, through the API and the command, and what is left of it."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from ledger.models import Entry
from predictions import replay as replays
from predictions.replay import Stored
from predictions.tests.conftest import DRILL, Post, client_of
from predictions.tests.test_replay import changed
from registry import files
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


def test_a_replay_is_an_entry(deployed: SHA256, post: Post, dora: User) -> None:
    answer = post(DRILL).json()
    response = client_of(dora).post(f"/api/v1/predictions/{answer['id']}/replay")
    assert response.status_code == 200
    assert response.json() == {
        "outcome": "identical",
        "differences": [],
        "why": None,
        "notes": response.json()["notes"],
        "code_then": response.json()["code_now"],
        "code_now": response.json()["code_now"],
    }
    entry = Entry.objects.get(kind="prediction.replayed")
    assert entry.subject == answer["id"]
    assert entry.actor_id == dora.pk
    assert json.loads(entry.content())["details"]["outcome"] == "identical"


def test_the_api_tells_what_differs_and_why_not(
    deployed: SHA256, post: Post, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post(DRILL).json()
    client = client_of(dora)
    address = f"/api/v1/predictions/{answer['id']}/replay"
    whole = replays.stored
    monkeypatch.setattr(
        "predictions.actions.replays.stored",
        lambda ids: [changed(one, score=1) for one in whole(ids)],
    )
    told = client.post(address).json()
    assert told["outcome"] == "different"
    assert [one["field"] for one in told["differences"]] == ["score"]
    assert told["differences"][0]["then"] == 1
    monkeypatch.undo()
    files.path_of(deployed["live"], kind="model").unlink()
    told = client.post(address).json()
    assert told["outcome"] == "impossible"
    assert deployed["live"] in told["why"]


def test_only_who_audits_may_replay(
    deployed: SHA256, post: Post, alice: User, bob: User, carla: User, rita: User
) -> None:
    answer = post(DRILL).json()
    for user in (alice, bob, carla, rita):
        client = client_of(user)
        assert client.post(f"/api/v1/predictions/{answer['id']}/replay").status_code == 403
    assert Client().post(f"/api/v1/predictions/{answer['id']}/replay").status_code == 401
    assert not Entry.objects.filter(kind="prediction.replayed").exists()


def test_what_was_never_predicted_is_not_found(deployed: SHA256, dora: User) -> None:
    unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert client_of(dora).post(f"/api/v1/predictions/{unknown}/replay").status_code == 404
    with pytest.raises(CommandError):
        call_command("replay_prediction", unknown)


def test_the_command_says_by_its_exit_code_what_came_of_it(
    deployed: SHA256, post: Post, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, other = post(DRILL).json(), post({"name": "Desk lamp"}).json()
    call_command("replay_prediction", answer["id"], other["id"])
    assert capsys.readouterr().out.count("Identical") == 2

    whole = replays.stored

    def only_the_first_differs(ids: Any) -> list[Stored]:
        return [changed(one, score=1) if str(one.id) == answer["id"] else one for one in whole(ids)]

    monkeypatch.setattr("predictions.actions.replays.stored", only_the_first_differs)
    with pytest.raises(SystemExit) as ended:
        call_command("replay_prediction", other["id"], answer["id"])
    assert ended.value.code == 1
    assert "score was 1 then" in capsys.readouterr().out
    monkeypatch.undo()
    files.path_of(deployed["live"], kind="model").unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("replay_prediction", answer["id"])
    assert ended.value.code == 2


def test_a_command_in_the_name_of_somebody_who_may_not_is_refused(
    deployed: SHA256, post: Post, carla: User
) -> None:
    answer = post(DRILL).json()
    with pytest.raises(CommandError):
        call_command("replay_prediction", answer["id"], "--by", "carla")
