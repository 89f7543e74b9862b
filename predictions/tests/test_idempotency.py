"""A request that arrives twice is answered twice and leaves one receipt."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from accounts.models import IdempotencyKey, User
from ledger.models import Entry
from predictions import actions
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, Post, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


def receipts() -> int:
    assert Prediction.objects.count() == Entry.objects.filter(kind="prediction.made").count()
    return Prediction.objects.count()


@pytest.mark.parametrize("body", [DRILL, [DRILL, {"name": "Work light"}]])
def test_the_second_delivery_gets_the_first_answer(deployed: SHA256, post: Post, body: Any) -> None:
    first = post(body, **{"Idempotency-Key": "k"})
    second = post(body, **{"Idempotency-Key": "k"})
    assert second.status_code == first.status_code == 200
    assert second.content == first.content
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert receipts() == (len(body) if isinstance(body, list) else 1)


def test_another_body_under_the_same_key_is_refused(deployed: SHA256, post: Post) -> None:
    post(DRILL, **{"Idempotency-Key": "k"})
    response = post({**DRILL, "width_mm": 5}, **{"Idempotency-Key": "k"})
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_key_reused"
    assert receipts() == 1


def test_each_person_has_keys_of_their_own(deployed: SHA256, post: Post, admin: User) -> None:
    mine = post(DRILL, **{"Idempotency-Key": "k"}).json()
    theirs = client_of(admin).post(
        "/api/v1/predictions",
        DRILL,
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert theirs.json()["id"] != mine["id"]


def test_a_refused_request_may_be_put_right_under_its_key(deployed: SHA256, post: Post) -> None:
    assert post({"name": 5}, **{"Idempotency-Key": "k"}).status_code == 400
    assert post(DRILL, **{"Idempotency-Key": "k"}).status_code == 200


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
def test_a_key_that_is_none_is_refused(deployed: SHA256, post: Post, key: str) -> None:
    response = post(DRILL, **{"Idempotency-Key": key})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_idempotency_key"
    assert receipts() == 0


def test_without_a_key_each_delivery_counts(deployed: SHA256, post: Post) -> None:
    assert post(DRILL).json()["id"] != post(DRILL).json()["id"]
    assert receipts() == 2


@pytest.mark.django_db(transaction=True)
def test_receipts_and_answer_are_kept_together_or_not_at_all(
    deployed: SHA256, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = actions._write_all

    def fail_at_the_end(requests: Any) -> None:
        write(requests)
        raise IntegrityError("the disk is full, say")

    monkeypatch.setattr(actions._writer, "_write_all", fail_at_the_end)
    with pytest.raises(IntegrityError):
        post(DRILL, **{"Idempotency-Key": "k"})
    assert receipts() == 0
    monkeypatch.undo()
    assert "Idempotency-Replayed" not in post(DRILL, **{"Idempotency-Key": "k"})


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    results: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = works[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def asking(client: Client, body: Any, **headers: str) -> Callable[[], Any]:
    token = client.defaults["HTTP_AUTHORIZATION"]

    def ask() -> Any:
        return Client().post(
            "/api/v1/predictions",
            body,
            content_type="application/json",
            headers={"Authorization": token, **headers},
        )

    return ask


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("body", [DRILL, [DRILL, {"name": "Work light"}]])
def test_of_many_deliveries_at_once_one_counts(deployed: SHA256, client: Client, body: Any) -> None:
    answers = at_once([asking(client, body, **{"Idempotency-Key": "k"})] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert receipts() == (len(body) if isinstance(body, list) else 1)
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_bodies_at_once_one_is_refused(deployed: SHA256, client: Client) -> None:
    works = [
        asking(client, {**DRILL, "width_mm": 100 + number}, **{"Idempotency-Key": "k"})
        for number in range(8)
    ]
    codes = sorted(answer.status_code for answer in at_once(works))
    assert codes == [200] + [422] * 7
    assert receipts() == 1


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_comes_too_late_does_not_disturb_its_neighbours(
    deployed: SHA256, client: Client
) -> None:
    same = [asking(client, DRILL, **{"Idempotency-Key": "k"})] * 6
    others = [asking(client, {"name": f"Work light {number}"}) for number in range(6)]
    answers = at_once([*same, *others])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 7
    assert receipts() == 7
