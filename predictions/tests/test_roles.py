"""Who may do what with predictions."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from predictions.tests.conftest import DRILL, Post, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

CAST = ["alice", "bob", "carla", "dora", "rita", "admin"]
MAY_ASK = {"alice", "carla", "rita", "admin"}
MAY_REVIEW = {"carla", "rita", "admin"}
MAY_SEE_MODELS = {"alice", "bob", "dora", "admin"}
MAY_SEE_METRICS = {"dora", "admin"}


@pytest.fixture
def cast(
    alice: User, bob: User, carla: User, dora: User, rita: User, admin: User
) -> dict[str, User]:
    return {user.username: user for user in (alice, bob, carla, dora, rita, admin)}


def ask(client: Client) -> Any:
    return client.post("/api/v1/predictions", DRILL, content_type="application/json")


@pytest.mark.parametrize("who", CAST)
def test_who_may_ask(deployed: SHA256, cast: dict[str, User], who: str) -> None:
    client = client_of(cast[who])
    allowed = who in MAY_ASK
    assert ask(client).status_code == (200 if allowed else 403)
    assert client.get("/api/v1/products/1/prediction").status_code == (404 if allowed else 403)


@pytest.mark.parametrize("who", CAST)
def test_everybody_with_a_role_may_read_receipts(
    deployed: SHA256, post: Post, cast: dict[str, User], who: str
) -> None:
    answer = post(DRILL).json()
    assert client_of(cast[who]).get(f"/api/v1/predictions/{answer['id']}").status_code == 200


@pytest.mark.parametrize("who", CAST)
def test_who_may_review(
    deployed: SHA256, categories: None, post: Post, cast: dict[str, User], who: str
) -> None:
    answer = post(DRILL).json()
    response = client_of(cast[who]).post(
        f"/api/v1/predictions/{answer['id']}/review", {}, content_type="application/json"
    )
    assert response.status_code == (201 if who in MAY_REVIEW else 403)


@pytest.mark.parametrize("who", CAST)
def test_who_may_see_the_models(deployed: SHA256, cast: dict[str, User], who: str) -> None:
    response = client_of(cast[who]).get("/api/v1/models/live")
    assert response.status_code == (200 if who in MAY_SEE_MODELS | MAY_ASK else 403)


@pytest.mark.parametrize("who", CAST)
def test_who_may_see_the_metrics(cast: dict[str, User], who: str) -> None:
    response = client_of(cast[who]).get("/metrics")
    assert response.status_code == (200 if who in MAY_SEE_METRICS else 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/api/v1/predictions"),
        ("get", "/api/v1/products/1/prediction"),
        ("get", "/api/v1/predictions/01890a5d-ac96-774b-bcce-b302099a8057"),
        ("post", "/api/v1/predictions/01890a5d-ac96-774b-bcce-b302099a8057/review"),
        ("get", "/api/v1/models/live"),
        ("get", "/metrics"),
    ],
)
def test_a_stranger_is_asked_to_sign_in(
    deployed: SHA256, client: Client, method: str, path: str
) -> None:
    for headers in ({}, {"Authorization": "Token 0000"}, {"Authorization": "Basic eDp5"}):
        response = getattr(Client(headers=headers), method)(path)
        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"]


def test_a_session_may_ask_with_its_csrf_token(deployed: SHA256, carla: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(carla)
    refused = ask(client)
    assert refused.status_code == 403
    assert refused.json()["code"] == "csrf_failed"
    client.cookies["csrftoken"] = "a" * 32
    response = client.post(
        "/api/v1/predictions",
        DRILL,
        content_type="application/json",
        headers={"X-CSRFToken": "a" * 32},
    )
    assert response.status_code == 200


def test_a_session_beside_a_wrong_token_is_no_way_in(deployed: SHA256, carla: User) -> None:
    client = Client(headers={"Authorization": "Token 0000"})
    client.force_login(carla)
    assert ask(client).status_code == 401
