"""Who answers when the live model cannot."""

import json
import time
from pathlib import Path

import pytest

from accounts.models import User
from ledger.models import Entry
from lib import clock
from predictions import serving
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, Post, client_of
from registry import actions, files
from registry.models import Deployment
from registry.release import read_release
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

KIND = {"live": "model", "fallback": "fallback", "rules": "rules"}
# No model reads the price, so none knows anything about this.
RIDDLE = {"price": "1.00"}


def file_of(deployed: SHA256, role: str) -> Path:
    return files.path_of(deployed[role], kind=KIND[role])


def damage(deployed: SHA256, *roles: str) -> None:
    for role in roles:
        path = file_of(deployed, role)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(bytes(data))
    # As in a process that starts now.
    serving.forget()
    serving.loaded.cache_clear()


def passed_over(answer: dict[str, str]) -> list[tuple[str, str]]:
    receipt = json.loads(Entry.objects.get(uuid=answer["id"]).content())
    return [(one["path"], one["why"]) for one in receipt["passed_over"]]


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ([], "live"),
        (["live"], "fallback"),
        (["live", "fallback"], "rules"),
        (["fallback", "rules"], "live"),
        (["live", "rules"], "fallback"),
        (["live", "fallback", "rules"], "none"),
    ],
)
def test_the_first_that_is_whole_answers(
    deployed: SHA256, post: Post, broken: list[str], path: str
) -> None:
    damage(deployed, *broken)
    answer = post(DRILL).json()
    assert answer["decision_path"] == path
    assert answer["model"] == deployed.get(path)
    reached = ["live", "fallback", "rules", "none"].index(path)
    before = ["live", "fallback", "rules"][:reached]
    assert passed_over(answer) == [(role, "unusable") for role in before]


def test_no_suggestion_is_said_honestly(deployed: SHA256, post: Post) -> None:
    damage(deployed, "live", "fallback", "rules")
    answer = post(DRILL).json()
    assert answer["category"] is None
    assert answer["confidence"] is None
    assert answer["confidence_ppm"] is None
    assert answer["alternatives"] == []
    assert answer["needs_review"] is True
    assert Prediction.objects.get(pk=answer["id"]).decision_path == "none"


def test_what_a_model_knows_nothing_of_is_passed_on(deployed: SHA256, post: Post) -> None:
    answer = post(RIDDLE).json()
    assert answer["decision_path"] == "none"
    assert passed_over(answer) == [(role, "nothing_known") for role in KIND]


def test_in_a_list_each_product_goes_its_own_way(deployed: SHA256, post: Post) -> None:
    answers = post([RIDDLE, DRILL, RIDDLE, DRILL]).json()
    assert [answer["decision_path"] for answer in answers] == ["none", "live", "none", "live"]
    damage(deployed, "live")
    answers = post([RIDDLE, DRILL, RIDDLE]).json()
    assert [answer["decision_path"] for answer in answers] == ["none", "fallback", "none"]


@pytest.mark.parametrize("role", ["fallback", "rules"])
def test_only_the_live_model_is_trusted_without_review(
    deployed: SHA256, post: Post, role: str
) -> None:
    damage(deployed, *(["live"] if role == "fallback" else ["live", "fallback"]))
    answer = post(DRILL).json()
    assert answer["decision_path"] == role
    assert answer["needs_review"] is True
    assert answer["threshold_ppm"] is None


@pytest.mark.parametrize(
    "bytes_of", ["missing", "empty", "half", "other model", "link to another model"]
)
def test_bytes_that_are_not_the_deployed_ones_never_serve(
    deployed: SHA256, post: Post, bytes_of: str, tmp_path: Path
) -> None:
    path = file_of(deployed, "live")
    data = path.read_bytes()
    path.unlink()
    match bytes_of:
        case "empty":
            path.write_bytes(b"")
        case "half":
            path.write_bytes(data[: len(data) // 2])
        case "other model":
            path.write_bytes(file_of(deployed, "fallback").read_bytes())
        case "link to another model":
            path.symlink_to(file_of(deployed, "fallback"))
    serving.forget()
    serving.loaded.cache_clear()
    answer = post(DRILL).json()
    assert answer["decision_path"] == "fallback"
    assert answer["model"] == deployed["fallback"]


def test_a_model_in_memory_answers_on_when_its_file_is_damaged(
    deployed: SHA256, post: Post
) -> None:
    before = post(DRILL).json()
    path = file_of(deployed, "live")
    path.chmod(0o644)
    path.write_bytes(b"something else")
    serving.forget()
    after = post(DRILL).json()
    assert after["decision_path"] == "live"
    assert after["confidence_ppm"] == before["confidence_ppm"]


def test_a_file_that_is_put_back_serves_again(
    deployed: SHA256, post: Post, trained: Path, alice: User
) -> None:
    damage(deployed, "live")
    assert post(DRILL).json()["decision_path"] == "fallback"
    actions.register(release=read_release(trained), by=alice, now=clock.now())
    serving.forget()
    assert post(DRILL).json()["decision_path"] == "live"


def test_another_deployment_answers_without_a_restart(
    deployed: SHA256, post: Post, trained_otherwise: Path, alice: User, bob: User
) -> None:
    assert post(DRILL).json()["model"] == deployed["live"]
    version, *_ = actions.register(
        release=read_release(trained_otherwise), by=alice, now=clock.now()
    )
    actions.approve(sha256=version.pk, reason="Smaller.", by=bob, now=clock.now())
    actions.deploy(sha256=version.pk, by=bob, now=clock.now())
    serving.forget()
    assert post(DRILL).json()["model"] == version.pk


def test_what_is_deployed_is_looked_up_again_within_a_second(
    deployed: SHA256, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(DRILL).json()["decision_path"] == "live"
    Deployment.objects.filter(role="live").update(ended_at=clock.now())
    assert post(DRILL).json()["decision_path"] == "live"
    later = time.monotonic() + serving.FRESH_SECONDS + 0.01
    monkeypatch.setattr("lib.fresh.time.monotonic", lambda: later)
    assert post(DRILL).json()["decision_path"] == "fallback"


def test_before_anything_is_deployed_there_is_no_suggestion(post: Post) -> None:
    answer = post(DRILL)
    assert answer.status_code == 200
    assert answer.json()["decision_path"] == "none"


def test_the_models_that_answer_are_listed(deployed: SHA256, dora: User) -> None:
    client = client_of(dora)
    listed = client.get("/api/v1/models/live").json()["answering"]
    assert [(one["path"], one["sha256"]) for one in listed] == list(deployed.items())
    damage(deployed, "live")
    listed = client.get("/api/v1/models/live").json()["answering"]
    assert [one["path"] for one in listed] == ["fallback", "rules"]
