import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import IdempotencyKey, User
from inventory import actions as inventory_actions
from inventory.models import Product
from ledger.models import Entry

PRODUCT = {"sku": "A-1", "name": "Drill"}


def send(client: Client, key: str, body: object = PRODUCT, path: str = "/api/v1/products") -> Any:
    return client.post(
        path, body, content_type="application/json", headers={"Idempotency-Key": key}
    )


@pytest.fixture
def ada(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.mark.django_db
def test_a_request_sent_twice_has_one_effect_and_one_answer(ada: Client) -> None:
    first, second = send(ada, "k"), send(ada, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Product.objects.count() == 1
    assert Entry.objects.filter(kind="product.created").count() == 1


@pytest.mark.django_db
def test_another_body_under_the_same_key_is_refused(ada: Client) -> None:
    send(ada, "k")
    answer = send(ada, "k", {"sku": "A-2", "name": "Saw"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert Product.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_elsewhere_or_from_somebody_else_is_another_request(
    ada: Client, roles: None
) -> None:
    assert send(ada, "k").status_code == 201
    assert send(ada, "k", {"name": "Tools"}, "/api/v1/categories").status_code == 201
    boss = User.objects.create_superuser("boss")
    other = Client()
    other.force_login(boss)
    assert send(other, "k", {"sku": "A-2", "name": "Saw"}).status_code == 201


@pytest.mark.django_db
def test_a_refused_request_may_be_corrected_under_its_key(ada: Client) -> None:
    assert send(ada, "k", {"sku": "A-1"}).status_code == 400
    assert send(ada, "k").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256, "tab\there"])
def test_a_key_is_made_of_visible_ascii_characters(ada: Client, key: str) -> None:
    answer = send(ada, key)
    assert answer.status_code == 400
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_a_longest_key_is_accepted(ada: Client) -> None:
    assert send(ada, "~" * 255).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_the_answer_is_stored_with_the_effect_or_not_at_all(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(**fields: object) -> None:
        raise RuntimeError("the power fails before the commit")

    ada.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("accounts.actions.keep_answer", crash)
        assert send(ada, "k").status_code == 500
    assert not Product.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert send(ada, "k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_deliveries_at_the_same_time_have_one_effect(admin: User) -> None:
    answers: list[Any] = []
    start = threading.Barrier(8)

    def deliver() -> None:
        client = Client()
        client.force_login(admin)
        start.wait()
        answers.append(send(client, "k"))
        connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Product.objects.count() == 1
    codes = {answer.status_code for answer in answers}
    assert 201 in codes
    # On PostgreSQL a delivery may also be told that the first one is still running.
    assert codes <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_delivery_while_the_first_one_runs_is_told_to_ask_again(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = inventory_actions.create_product
    second: list[Any] = []

    def slow(**fields: Any) -> Product:
        def deliver() -> None:
            client = Client()
            client.force_login(admin)
            second.append(send(client, "k"))
            connection.close()

        thread = threading.Thread(target=deliver)
        thread.start()
        thread.join()
        return create(**fields)

    monkeypatch.setattr(inventory_actions, "create_product", slow)
    client = Client()
    client.force_login(admin)
    assert send(client, "k").status_code == 201
    assert second[0].status_code == 409
    assert second[0].json()["code"] == "still_running"
    assert second[0]["Retry-After"] == "1"
