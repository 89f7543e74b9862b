"""The short way answers as Django does, and leaves to Django whatever is not plain."""

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, close_old_connections
from django.test import Client

from accounts.authentication import CachedTokenAuthentication, forget_tokens
from accounts.models import User
from config.news import headers
from ledger.models import Entry
from ledger.openings import opened
from lib.group_commit import Overloaded
from predictions import actions
from predictions.express import Express, _is_allowed
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, client_of, committed
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


class Answer:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""


class Wsgi:
    """A WSGI server of one request, in front of Express, in front of Django."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.django = WSGIHandler()
        self.went_to_django = 0
        self.express = Express(self._to_django, more_headers=headers)

    def _to_django(self, environ: Any, start_response: Any) -> Any:
        self.went_to_django += 1
        return self.django(environ, start_response)

    def ask(self, body: Any = DRILL, *, by_django: bool = False, **environ: Any) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = Answer()

        def start_response(status: str, headers: list[tuple[str, str]], info: Any = None) -> None:
            answer.status = int(status[:3])
            answer.headers = dict(headers)

        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/v1/predictions",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "HTTP_HOST": "localhost:8000",
            "HTTP_AUTHORIZATION": self.token,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
        } | environ
        request = {name: value for name, value in request.items() if value is not None}
        result = (self._to_django if by_django else self.express)(request, start_response)
        answer.body = b"".join(result)
        if close := getattr(result, "close", None):
            close()
        return answer


@pytest.fixture
def wsgi(deployed: SHA256, client: Client) -> Iterator[Wsgi]:
    """A server that has seen carla's token a moment ago."""
    # Around each request Django closes connections it finds in the middle of a transaction, and
    # the test is one. Its own client does the same as this.
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    wsgi = Wsgi(client.defaults["HTTP_AUTHORIZATION"])
    assert wsgi.ask(by_django=True).status == 200
    wsgi.went_to_django = 0
    yield wsgi
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def without_what_differs(body: bytes) -> dict[str, Any]:
    answer = json.loads(body)
    return {
        key: value for key, value in answer.items() if key not in ("id", "receipt_id", "made_at")
    }


def test_a_plain_question_is_answered_without_django(wsgi: Wsgi) -> None:
    answer = wsgi.ask()
    assert answer.status == 200
    assert wsgi.went_to_django == 0


@pytest.mark.parametrize(
    "product",
    [DRILL, {"price": "1.00"}, {"name": "Wörk light 🔩"}, {**DRILL, "brand": None, "price": 5}],
)
def test_both_ways_give_the_same_answer(wsgi: Wsgi, product: dict[str, Any]) -> None:
    short, long = wsgi.ask(product), wsgi.ask(product, by_django=True)
    assert wsgi.went_to_django == 1
    assert without_what_differs(short.body) == without_what_differs(long.body)


def test_both_ways_leave_the_same_receipt(wsgi: Wsgi) -> None:
    headers: dict[str, Any] = {
        "HTTP_X_REQUEST_ID": "req-1",
        "HTTP_SHELFMARK_DEVICE": "tablet-7",
        "HTTP_SHELFMARK_DEVICE_TIME": "2026-11-20T09:15:00+01:00",
    }
    receipts = []
    for by_django in (False, True):
        answer = wsgi.ask(by_django=by_django, **headers)
        receipt = json.loads(Entry.objects.get(uuid=json.loads(answer.body)["id"]).content())
        assert answer.headers["X-Request-Id"] == "req-1"
        parts = opened(UUID(receipt["id"]))
        assert receipt.pop("input_commitment") == committed(parts["input"].salt.hex(), DRILL)
        for name, part in (("person", "actor"), ("device", "device")):
            commitment = committed(parts[part].salt.hex(), parts[part].value)
            assert receipt["asked_by"].pop(f"{name}_commitment") == commitment
        told = {k: receipt[k] for k in receipt.keys() - {"id", "made_at", "duration_us"}}
        receipts.append((told, {name: part.value for name, part in parts.items()}))
    assert receipts[0] == receipts[1]
    assert receipts[0][1]["device"] == "tablet-7"


@pytest.mark.parametrize("https", [False, True])
def test_both_ways_send_the_same_headers(wsgi: Wsgi, settings: Any, https: bool) -> None:
    if https:
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 300
        settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        wsgi = Wsgi(wsgi.token)
    secure: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https"} if https else {}
    short, long = wsgi.ask(**secure), wsgi.ask(by_django=True, **secure)
    assert wsgi.went_to_django == 1
    assert ("Strict-Transport-Security" in short.headers) is https
    differ = {"X-Request-Id", "Content-Length"}
    # Allow answers the question which methods there are; nobody asked it here.
    expected = {k: v for k, v in long.headers.items() if k not in differ | {"Allow"}}
    assert {k: v for k, v in short.headers.items() if k not in differ} == expected
    assert int(short.headers["Content-Length"]) == len(short.body)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"HTTP_AUTHORIZATION": None}, 401),
        ({"HTTP_AUTHORIZATION": "Token 0000"}, 401),
        ({"HTTP_AUTHORIZATION": "Token ä"}, 401),
        ({"HTTP_AUTHORIZATION": "Basic eDp5"}, 401),
        ({"CONTENT_TYPE": "text/plain"}, 415),
        ({"CONTENT_TYPE": None}, 415),
        ({"CONTENT_TYPE": "application/json; charset=utf-8"}, 200),
        ({"CONTENT_LENGTH": None}, 400),
        ({"CONTENT_LENGTH": "-1"}, 400),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        ({"HTTP_IDEMPOTENCY_KEY": "k"}, 200),
        ({"HTTP_IDEMPOTENCY_KEY": ""}, 400),
        ({"HTTP_SHELFMARK_DEVICE": "a b"}, 400),
        ({"HTTP_HOST": "elsewhere.example"}, 400),
        ({"HTTP_HOST": None}, 200),
        ({"QUERY_STRING": "a=b"}, 200),
        ({"REQUEST_METHOD": "GET"}, 405),
        ({"PATH_INFO": "/api/v1/predictions/"}, 404),
    ],
)
def test_what_is_not_plain_goes_to_django(wsgi: Wsgi, environ: dict[str, Any], status: int) -> None:
    assert wsgi.ask(**environ).status == status
    assert wsgi.went_to_django == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b'{"name": 5}',
        b"{}",
        b'{"width_mm": NaN}',
        b'{"name": "\\ud800"}',
        json.dumps({"colour": "red", "width_mm": -1}).encode(),
        json.dumps({"description": "x" * 30_000}).encode(),
        json.dumps({"name": "x" * 70_000}).encode(),
    ],
)
def test_a_fault_gets_the_same_refusal(wsgi: Wsgi, body: bytes) -> None:
    before = Prediction.objects.count()
    short, long = wsgi.ask(body), wsgi.ask(body, by_django=True)
    assert wsgi.went_to_django == 2
    assert short.status == long.status == 400
    problems = [json.loads(answer.body) for answer in (short, long)]
    for problem in problems:
        problem.pop("request_id")
    assert problems[0] == problems[1]
    assert Prediction.objects.count() == before


def test_a_list_goes_to_django(wsgi: Wsgi) -> None:
    assert len(json.loads(wsgi.ask([DRILL, DRILL]).body)) == 2
    assert wsgi.went_to_django == 1


def test_a_token_is_looked_up_by_django_and_then_known(wsgi: Wsgi) -> None:
    forget_tokens()
    assert wsgi.ask().status == 200
    assert wsgi.ask().status == 200
    assert wsgi.went_to_django == 1


def test_a_token_is_known_only_for_a_short_while(
    wsgi: Wsgi, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    from time import monotonic

    later = monotonic() + settings.TOKEN_CACHE_SECONDS + 0.01
    monkeypatch.setattr("accounts.authentication.time.monotonic", lambda: later)
    assert CachedTokenAuthentication.recall(wsgi.token) is None
    assert wsgi.ask().status == 200
    assert wsgi.went_to_django == 1


def test_who_may_not_ask_is_refused_by_django(wsgi: Wsgi, dora: User) -> None:
    wsgi.token = client_of(dora).defaults["HTTP_AUTHORIZATION"]
    assert [wsgi.ask().status, wsgi.ask().status] == [403, 403]
    assert wsgi.went_to_django == 2


def test_http_is_sent_to_https_by_django(wsgi: Wsgi, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    wsgi.django = WSGIHandler()
    assert wsgi.ask().status == 301
    assert wsgi.went_to_django == 1


@pytest.mark.parametrize("error", [Overloaded("Too much."), OperationalError("gone away")])
def test_what_cannot_be_written_now_is_said_by_django(
    wsgi: Wsgi, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(item: object) -> None:
        raise error

    monkeypatch.setattr(actions._writer, "write", refuse)
    answer = wsgi.ask()
    assert wsgi.went_to_django == 1
    assert answer.status == 503
    assert answer.headers["Retry-After"]


def test_a_mistake_of_ours_is_not_hidden(wsgi: Wsgi, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(item: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(actions._writer, "write", crash)
    with pytest.raises(ZeroDivisionError):
        wsgi.ask()


def test_the_receipt_is_there_before_the_answer(wsgi: Wsgi) -> None:
    answer = json.loads(wsgi.ask().body)
    assert Prediction.objects.filter(pk=answer["id"]).exists()
    assert Entry.objects.filter(uuid=answer["id"]).exists()


@pytest.mark.parametrize("host", ["", "elsewhere.example", "localhost.evil", "a b"])
def test_only_allowed_hosts_are_answered(host: str) -> None:
    assert not _is_allowed(host)
