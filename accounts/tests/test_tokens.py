import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from accounts import actions, authentication
from accounts.authentication import forget_tokens
from accounts.models import User
from inventory.models import Product
from ledger.models import Entry

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_is_known_yet() -> Iterator[None]:
    forget_tokens()
    yield
    forget_tokens()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let this many seconds pass for the cache."""
    passed = [0.0]
    start = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: start + passed[0])

    def pass_time(seconds: float) -> None:
        passed[0] += seconds

    return pass_time


def make_token(user: User, days: int = 1) -> str:
    return actions.create_token(
        user=user, by=user, now=datetime.now(UTC), lifetime=timedelta(days=days)
    )[1]


def ask(token: str, scheme: str = "Token") -> Any:
    return Client().get("/api/v1/products", headers={"Authorization": f"{scheme} {token}"})


@pytest.mark.parametrize("scheme", ["Token", "token", "Bearer"])
def test_a_token_opens_what_its_owner_may_see(carla: User, scheme: str) -> None:
    assert ask(make_token(carla), scheme).status_code == 200


@pytest.mark.parametrize(
    "token", ["", "wrong", "0" * 64, "a b", "ä", "\udcff", "x" * 5000, "'; --"]
)
def test_a_wrong_token_is_unauthorized(carla: User, token: str) -> None:
    answer = ask(token)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json()["code"] == "authentication_failed"


def test_the_database_keeps_a_digest_and_not_the_token(carla: User) -> None:
    token = make_token(carla)
    stored = AuthToken.objects.values().get()
    assert all(token not in str(value) for value in stored.values())
    assert all(token.encode() not in entry.content() for entry in Entry.objects.all())


def test_a_token_is_looked_up_once_in_two_seconds(
    carla: User, clock: Callable[[float], None]
) -> None:
    token = make_token(carla)
    ask(token)
    with CaptureQueriesContext(connection) as known:
        ask(token)
    assert not [query for query in known.captured_queries if "knox" in query["sql"]]
    assert len(known) == 1
    clock(2.1)
    with CaptureQueriesContext(connection) as unknown:
        ask(token)
    assert [query for query in unknown.captured_queries if "knox" in query["sql"]]


def test_a_token_revoked_elsewhere_stops_working_within_two_seconds(
    carla: User, clock: Callable[[float], None]
) -> None:
    token = make_token(carla)
    assert ask(token).status_code == 200
    AuthToken.objects.all().delete()
    clock(2.1)
    assert ask(token).status_code == 401


def test_a_token_revoked_here_stops_working_at_once(
    carla: User, django_capture_on_commit_callbacks: Any
) -> None:
    token = make_token(carla)
    assert ask(token).status_code == 200
    name = Client().get("/api/v1/tokens", headers={"Authorization": f"Token {token}"})
    path = f"/api/v1/tokens/{name.json()['results'][0]['id']}"
    with django_capture_on_commit_callbacks(execute=True):
        answer = Client().delete(path, headers={"Authorization": f"Token {token}"})
    assert answer.status_code == 204
    assert ask(token).status_code == 401


def test_somebody_who_is_no_longer_active_is_locked_out_within_two_seconds(
    carla: User, clock: Callable[[float], None]
) -> None:
    token = make_token(carla)
    assert ask(token).status_code == 200
    User.objects.filter(pk=carla.pk).update(is_active=False)
    clock(2.1)
    assert ask(token).status_code == 401


def test_a_permission_that_was_taken_away_is_gone_within_two_seconds(
    carla: User, clock: Callable[[float], None]
) -> None:
    token = make_token(carla)
    assert ask(token).status_code == 200
    carla.groups.clear()
    clock(2.1)
    assert ask(token).status_code == 403


def test_a_token_that_expires_while_it_is_known_stops_working_at_that_moment(
    carla: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token(carla)
    assert ask(token).status_code == 200
    tomorrow = datetime.now(UTC) + timedelta(days=1, seconds=1)
    monkeypatch.setattr("lib.clock.now", lambda: tomorrow)
    assert ask(token).status_code == 401


def test_what_is_known_about_tokens_cannot_grow_without_end(
    carla: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "_MOST_CACHED", 2)
    for _ in range(5):
        ask(make_token(carla))
        ask("0" * 64)
    assert len(authentication.CachedTokenAuthentication._known) <= 2


def test_a_new_token_is_shown_once_and_works(client: Client, carla: User) -> None:
    client.force_login(carla)
    answer = client.post("/api/v1/tokens", {"expires_in_days": 7}, content_type="application/json")
    assert answer.status_code == 201
    made = answer.json()
    assert ask(made["token"]).status_code == 200
    listed = client.get("/api/v1/tokens").json()["results"]
    assert [token["id"] for token in listed] == [made["id"]]
    assert "token" not in listed[0]
    assert made["id"] not in made["token"]


def test_a_token_sent_again_under_the_same_key_is_not_shown_again(
    client: Client, carla: User
) -> None:
    client.force_login(carla)
    send: Any = {"path": "/api/v1/tokens", "content_type": "application/json"}
    key = {"Idempotency-Key": "one"}
    first = client.post(**send, headers=key)
    second = client.post(**send, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second["Idempotency-Replayed"] == "true"
    assert second.json() == {**first.json(), "token": None}
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("days", [0, -1, 3651, 1.5, "7", True, None])
def test_a_token_does_not_live_for_an_impossible_time(
    client: Client, carla: User, days: object
) -> None:
    client.force_login(carla)
    answer = client.post(
        "/api/v1/tokens", {"expires_in_days": days}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/expires_in_days"


def test_nobody_sees_or_revokes_the_tokens_of_others(
    client: Client, carla: User, rita: User
) -> None:
    make_token(rita)
    hers = AuthToken.objects.get().digest[:32]
    client.force_login(carla)
    assert client.get("/api/v1/tokens").json() == {"results": []}
    assert client.delete(f"/api/v1/tokens/{hers}").status_code == 404
    assert AuthToken.objects.exists()


def test_making_and_revoking_a_token_are_recorded(client: Client, carla: User) -> None:
    client.force_login(carla)
    made = client.post("/api/v1/tokens", content_type="application/json").json()
    client.delete(f"/api/v1/tokens/{made['id']}")
    subject = f"token:{made['id']}"
    # The database tells what happens to a token too, but does not know who did it.
    by_carla = Entry.objects.filter(actor_id=carla.pk)
    entries = by_carla.order_by("id").values_list("kind", "actor_id", "subject")
    assert list(entries) == [
        ("token.created", carla.pk, subject),
        ("token.revoked", carla.pk, subject),
    ]
    created = json.loads(Entry.objects.get(kind="token.created").content())
    assert created["details"]["user"] == carla.pk
    assert not any(b"carla" in entry.content() for entry in Entry.objects.all())


def test_the_command_prints_a_token_that_works(
    carla: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_token", "carla", "--days", "1")
    assert ask(capsys.readouterr().out.strip()).status_code == 200


def test_the_command_says_that_there_is_nobody_of_that_name(db: None) -> None:
    with pytest.raises(CommandError, match="nobody called mallory"):
        call_command("create_token", "mallory")


def test_a_token_needs_no_csrf_token(admin: User) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        "/api/v1/products",
        {"sku": "A-1", "name": "Drill"},
        content_type="application/json",
        headers={"Authorization": f"Token {make_token(admin)}"},
    )
    assert answer.status_code == 201
    assert Product.objects.get().sku == "A-1"
