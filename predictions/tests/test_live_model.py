"""A tablet is told which model to hold, and what that one has to answer."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from categorizer import features
from categorizer.model import load
from lib import clock
from predictions import distribution, serving
from predictions.actions.recalls import recall
from predictions.tests.conftest import client_of
from registry import actions, files
from registry.models import ModelVersion
from registry.release import read_release
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


@pytest.fixture
def carlas(carla: User) -> Client:
    return client_of(carla)


def told(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/api/v1/models/live").json()
    return answer


def test_it_names_the_file_of_the_live_model(deployed: SHA256, carlas: Client) -> None:
    model = told(carlas)
    version = ModelVersion.objects.get(pk=deployed["live"])
    assert model["sha256"] == deployed["live"]
    assert model["version"] == deployed["live"][:12]
    assert model["bytes"] == version.bytes
    assert model["url"] == f"/models/{deployed['live']}"
    assert model["dataset_sha256"] == version.dataset_sha256
    assert model["text"] == "text/1"
    assert [one["path"] for one in model["answering"]] == ["live", "fallback", "rules"]


def test_the_vectors_are_what_the_very_bytes_answer(deployed: SHA256, carlas: Client) -> None:
    model = told(carlas)
    data = b"".join(carlas.get(model["url"]).streaming_content)  # type: ignore[attr-defined]  # it streams
    twin = load(data, sha256=model["sha256"])
    assert len(model["vectors"]) >= 20
    for vector in model["vectors"]:
        answer = twin.suggest(vector["product"], top=vector["top"])
        assert vector["answer"] == {
            "matched": answer.matched,
            "suggestions": [
                {"confidence_ppm": one.confidence_ppm, "label": one.label, "score": one.score}
                for one in answer.suggestions
            ],
        }


def test_the_vectors_use_every_block_and_know_nothing_and_something(
    deployed: SHA256, carlas: Client
) -> None:
    vectors = told(carlas)["vectors"]
    model = serving.categorizer(deployed["live"])
    used = [
        {features.key(name) for name in block} & set(model.data.keys.tolist())
        for vector in vectors
        for block in features.blocks(vector["product"], model.data.spec, model.fold)
    ]
    blocks = model.data.spec.blocks
    assert all(any(used[number::blocks]) for number in range(blocks))
    matched = [vector["answer"]["matched"] for vector in vectors]
    assert 0 in matched
    assert max(matched) > 20
    # Half a pair of surrogates, which JSON in UTF-8 could not say.
    assert any("\ud800" in vector["product"].get("name", "") for vector in vectors)


def test_they_are_made_once_for_each_model(
    deployed: SHA256, carlas: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = told(carlas)
    monkeypatch.setattr(distribution, "_as_json", lambda *_: pytest.fail("made again"))
    assert told(carlas) == first


def test_who_has_seen_it_is_not_told_again(deployed: SHA256, carlas: Client) -> None:
    first = carlas.get("/api/v1/models/live")
    assert first["Cache-Control"] == "private, no-cache"
    again = carlas.get("/api/v1/models/live", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_recalled_and_a_retired_model_are_withdrawn(
    deployed: SHA256, carlas: Client, admin: User, trained_otherwise: Path
) -> None:
    assert told(carlas)["withdrawn"] == []
    actions.register(release=read_release(trained_otherwise), by=admin, now=clock.now())
    (other,) = ModelVersion.objects.filter(kind="model").exclude(pk=deployed["live"])
    actions.retire(sha256=other.pk, reason="Too old.", by=admin, now=clock.now())
    for _ in range(2):
        recall(sha256=deployed["live"], reason="Wrong.", by=admin, now=clock.now())
    model = told(carlas)
    assert model["withdrawn"] == sorted([other.pk, deployed["live"]])
    assert model["sha256"] == deployed["live"]


def test_without_a_live_model_there_is_nothing_to_hold(deployed: SHA256, carlas: Client) -> None:
    path = files.path_of(deployed["live"], kind="model")
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    serving.forget()
    serving.loaded.cache_clear()
    model = told(carlas)
    assert (model["sha256"], model["url"], model["vectors"]) == (None, None, [])
    assert [one["path"] for one in model["answering"]] == ["fallback", "rules"]


def test_before_anything_is_deployed_it_says_so(carlas: Client) -> None:
    assert json.loads(carlas.get("/api/v1/models/live").content) == {
        "version": None,
        "sha256": None,
        "bytes": None,
        "url": None,
        "dataset_sha256": None,
        "text": None,
        "vectors": [],
        "withdrawn": [],
        "answering": [],
    }


def test_somebody_without_a_role_is_refused(deployed: SHA256) -> None:
    client = client_of(User.objects.create_user("nora"))
    for address in ("/api/v1/models/live", f"/models/{deployed['live']}"):
        assert client.get(address).status_code == 403
