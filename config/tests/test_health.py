"""Is this process alive, can it answer, and how has it been doing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError
from django.test import Client

from accounts.models import User
from config import health
from predictions import serving
from predictions.tests.conftest import DRILL, client_of
from registry import files
from registry.models import Deployment
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    health._fresh_faults.forget()


def ready() -> Any:
    health._fresh_faults.forget()
    return Client().get("/readyz")


def live_file(deployed: SHA256) -> Path:
    return files.path_of(deployed["live"], kind="model")


def assert_not_ready(check: str, words: str) -> None:
    response = ready()
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"]
    assert words in response.json()["checks"][check]
    assert words in response.json()["detail"]


def test_alive_needs_no_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"status": "alive"}


def test_ready_when_the_live_model_would_answer(deployed: SHA256) -> None:
    assert ready().status_code == 200
    assert ready().json() == {"status": "ready"}


def test_not_ready_before_anything_is_deployed() -> None:
    assert_not_ready("model", "Nothing is deployed")


def test_not_ready_when_the_live_deployment_ended(deployed: SHA256) -> None:
    from lib import clock

    Deployment.objects.filter(role="live").update(ended_at=clock.now())
    assert_not_ready("model", "Nothing is deployed")


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("damage", ["missing", "cut", "flipped"])
def test_not_ready_when_the_file_is_damaged(deployed: SHA256, damage: str, in_memory: bool) -> None:
    assert ready().status_code == 200
    path = live_file(deployed)
    data = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(data[:-1])
    elif damage == "flipped":
        path.write_bytes(bytes([*data[:-1], data[-1] ^ 1]))
    if not in_memory:
        serving.loaded.cache_clear()
    assert_not_ready("model", str(path) if in_memory or damage == "missing" else deployed["live"])


def test_a_damaged_fallback_does_not_take_the_server_away(deployed: SHA256) -> None:
    files.path_of(deployed["fallback"], kind="fallback").unlink()
    serving.loaded.cache_clear()
    assert ready().status_code == 200


def test_not_ready_when_the_model_gives_other_numbers(
    deployed: SHA256, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "still_golden", lambda model, golden: False)
    assert_not_ready("golden", "no longer gives the answer")


def test_the_golden_question_notices_one_changed_number(deployed: SHA256) -> None:
    from registry.models import ModelVersion
    from registry.release import still_golden

    for version in ModelVersion.objects.all():
        model = serving.loaded(version.sha256, version.kind)
        assert still_golden(model, version.golden)
        golden = json.loads(version.golden)
        assert golden["answer"], version.kind
        golden["answer"][0][1] += 1
        assert not still_golden(model, json.dumps(golden))


def test_not_ready_when_the_database_takes_no_writes(
    deployed: SHA256, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("registry.actions.touch", refuse)
    assert_not_ready("database", "no writes")


def test_not_ready_when_the_database_is_away(
    deployed: SHA256, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DatabaseError("connection refused")

    monkeypatch.setattr(serving, "look", refuse)
    assert_not_ready("database", "does not answer")


def test_many_probes_ask_once_a_second(deployed: SHA256, django_assert_num_queries: Any) -> None:
    assert ready().status_code == 200
    with django_assert_num_queries(0):
        assert Client().get("/readyz").status_code == 200


def numbers(text: str) -> dict[str, float]:
    found = re.findall(r"^(shelfmark_\S+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_predictions_are_counted(deployed: SHA256, carla: User, dora: User) -> None:
    client, auditor = client_of(carla), client_of(dora)
    before = numbers(auditor.get("/metrics").content.decode())
    client.post("/api/v1/predictions", DRILL, content_type="application/json")
    client.post("/api/v1/predictions", [DRILL, {"price": "1.00"}], content_type="application/json")
    after = numbers(auditor.get("/metrics").content.decode())

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown('shelfmark_predictions_total{path="live"}') == 2
    assert grown('shelfmark_predictions_total{path="none"}') == 1
    assert grown('shelfmark_predictions_needing_review_total{path="none"}') == 1
    assert grown('shelfmark_prediction_confidence_count{path="live"}') == 2
    assert grown('shelfmark_prediction_seconds_count{size="one"}') == 1
    assert grown('shelfmark_prediction_seconds_count{size="many"}') == 1
    assert after[f'shelfmark_model_info{{path="live",sha256="{deployed["live"]}"}}'] == 1


def test_prometheus_may_ask_for_its_own_format(deployed: SHA256, dora: User) -> None:
    response = client_of(dora).get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("sent", ["abc-123", "A.b:c_9", "x" * 64])
def test_a_sane_request_id_is_kept(sent: str) -> None:
    assert Client().get("/healthz", headers={"X-Request-Id": sent})["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, 'x"}', "ä", "a\tb"])
def test_any_other_request_id_is_replaced(sent: str) -> None:
    made = Client().get("/healthz", headers={"X-Request-Id": sent})["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_a_refusal_names_the_request(deployed: SHA256) -> None:
    response = Client().post(
        "/api/v1/predictions",
        {},
        content_type="application/json",
        headers={"X-Request-Id": "req-9"},
    )
    assert response.json()["request_id"] == response["X-Request-Id"] == "req-9"
