"""Every answer of the API says whether there is something new, and it costs nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config import news
from inventory.actions import create_product
from lib import clock
from lib.fresh import Fresh
from registry.tests.releases import SHA256
from sync import feed, standing
from sync.actions.feed import begin_epoch

pytestmark = pytest.mark.django_db

NAMES = ("X-Sync-Head", "X-Model-Version")


def told(answer: Any) -> tuple[str | None, ...]:
    return tuple(answer.get(name) for name in NAMES)


@pytest.fixture
def stranger() -> Client:
    return Client(raise_request_exception=False)


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "nobody is signed in": (401, {"path": "/api/v1/products"}),
    "a wrong token": (
        401,
        {"path": "/api/v1/products", "headers": {"Authorization": "Token 00"}},
    ),
    "nothing is there": (404, {"path": "/api/v1/nothing"}),
    "a method that is not known": (401, {"path": "/api/v1/reviews/queue", "method": "PUT"}),
    "a body in chunks": (
        411,
        {"path": "/api/v1/products", "headers": {"Transfer-Encoding": "chunked"}},
    ),
    "another host": (400, {"path": "/api/v1/session", "headers": {"Host": "evil.example"}}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refusals_say_it_too(
    why: str, stranger: Client, deployed: SHA256, headers_as_they_are: None
) -> None:
    begin_epoch(now=clock.now())
    status, request = REFUSED[why]
    answer = stranger.generic(**{"method": "GET", **request})
    assert answer.status_code == status
    place = feed.head()
    assert place is not None
    assert told(answer) == (str(place.number), deployed["live"])


def test_a_crash_says_it_too(
    stranger: Client, monkeypatch: pytest.MonkeyPatch, headers_as_they_are: None
) -> None:
    def crash(*arguments: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("config.session.build", crash)
    answer = stranger.get("/api/v1/session")
    assert answer.status_code == 500
    assert told(answer)[1] == "none"


def test_pages_do_not_say_it(client: Client) -> None:
    assert told(client.get("/")) == (None, None)
    assert told(client.get("/healthz")) == (None, None)


def test_what_is_written_moves_the_head(
    client: Client, admin: User, headers_as_they_are: None
) -> None:
    client.force_login(admin)
    before = int(client.get("/api/v1/session")["X-Sync-Head"])
    answer = client.post(
        "/api/v1/products", {"sku": "A-1", "name": "Drill"}, content_type="application/json"
    )
    assert int(answer["X-Sync-Head"]) > before
    again = client.get("/api/v1/products")
    assert again["X-Sync-Head"] == answer["X-Sync-Head"]
    pulled = client.get("/api/v1/sync/changes").json()
    rest = client.get("/api/v1/sync/changes", {"cursor": pulled["cursor"]}).json()
    assert rest["sync_head"] == int(answer["X-Sync-Head"])


# What it costs


def test_many_answers_share_one_look(
    stranger: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(standing, "_fresh", Fresh(standing._look_if_it_answers, seconds=3600))
    assert None not in told(stranger.get("/api/v1/nothing"))
    with django_assert_num_queries(0):
        for _ in range(10):
            assert None not in told(stranger.get("/api/v1/nothing"))


# While the database is away


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, headers_as_they_are: None) -> Any:
    class Away:
        def __init__(self) -> None:
            self.asked = 0

        def __call__(self) -> None:
            self.asked += 1
            raise OperationalError("the database is away")

    away = Away()
    monkeypatch.setattr(standing, "look", away)
    return away


def test_an_answer_goes_out_that_has_never_known(stranger: Client, away: Any) -> None:
    answer = stranger.get("/api/v1/nothing")
    assert (answer.status_code, told(answer)) == (404, (None, None))


def test_an_answer_says_what_was_known_last(
    stranger: Client, deployed: SHA256, headers_as_they_are: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = told(stranger.get("/api/v1/nothing"))
    assert known == ("0", deployed["live"])

    def away() -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(standing, "look", away)
    assert told(stranger.get("/api/v1/nothing")) == known


def test_a_database_that_is_away_is_not_asked_by_every_answer(
    stranger: Client, away: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "_fresh", Fresh(standing._look_if_it_answers, seconds=3600))
    for _ in range(5):
        stranger.get("/api/v1/nothing")
    assert away.asked == 1


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_is_made_anew(headers_as_they_are: None, admin: User) -> None:
    begin_epoch(now=clock.now())
    create_product(fields={"sku": "A-1", "name": "Drill"}, by=admin, now=clock.now())
    known = news.headers()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    finally:
        other.close()
    # Asked where no request begins or ends, as in front of Django.
    assert news.headers() == known
    create_product(fields={"sku": "A-2", "name": "Drill"}, by=admin, now=clock.now())
    assert news.headers() != known
