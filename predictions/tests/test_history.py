"""What was answered about a product so far."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from lib import clock
from predictions.tests.conftest import DRILL, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

LAMPS = "Lighting > Lamps"


def add(by: User, sku: str = "A") -> Product:
    fields: Any = {**DRILL, "sku": sku}
    return inventory.create_product(fields=fields, by=by, now=clock.now())


def ask(client: Client, product: Product) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/api/v1/products/{product.pk}/prediction").json()
    return answer


def history(client: Client, product: Product, **query: str | int) -> Any:
    return client.get(f"/api/v1/products/{product.pk}/predictions", query)


def test_the_newest_answer_comes_first(deployed: SHA256, client: Client, admin: User) -> None:
    product = add(admin)
    asked = [ask(client, product)["id"] for _ in range(3)]
    told = history(client, product).json()
    assert [one["id"] for one in told["results"]] == asked[::-1]
    assert told["next"] is None


def test_an_answer_is_told_as_it_was_given(deployed: SHA256, client: Client, admin: User) -> None:
    product = add(admin)
    answer = ask(client, product)
    (told,) = history(client, product).json()["results"]
    shared = told.keys() & answer.keys()
    assert {key: told[key] for key in shared} == {key: answer[key] for key in shared}
    assert told.keys() - shared == {"asked_by", "product_version", "review"}
    assert (told["asked_by"], told["product_version"], told["review"]) == ("carla", 1, None)


def test_what_a_person_said_last_stands_beside_the_answer(
    deployed: SHA256, categories: None, client: Client, admin: User, rita: User
) -> None:
    product = add(admin)
    answer = ask(client, product)
    for body in ({}, {"category": LAMPS, "note": "It shines."}):
        client_of(rita).post(
            f"/api/v1/predictions/{answer['id']}/review", body, content_type="application/json"
        )
    (told,) = history(client, product).json()["results"]
    reviewed_at = told["review"].pop("reviewed_at")
    assert reviewed_at.endswith("Z")
    assert told["review"] == {
        "outcome": "corrected",
        "category": LAMPS,
        "note": "It shines.",
        "reviewed_by": "rita",
    }


def test_the_pages_follow_one_another_without_a_gap(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add(admin)
    asked = [ask(client, product)["id"] for _ in range(5)]
    page = history(client, product, limit=2).json()
    seen = [one["id"] for one in page["results"]]
    ask(client, product)  # what is new comes before the first page and moves no other
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += [one["id"] for one in page["results"]]
    assert seen == asked[::-1]


def test_answers_about_other_products_are_not_told(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product, other = add(admin), add(admin, "B")
    ask(client, other)
    assert history(client, product).json()["results"] == []


def test_a_product_that_is_not_there_has_no_history(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add(admin)
    ask(client, product)
    inventory.delete_product(product_id=product.pk, by=admin, now=clock.now())
    assert history(client, product).status_code == 404


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"before": "x"}, {"after": "1"}, {"limit": "many"}]
)
def test_a_query_that_cannot_be_meant_is_refused(
    deployed: SHA256, client: Client, admin: User, query: dict[str, str | int]
) -> None:
    response = history(client, add(admin), **query)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_query")


@pytest.mark.parametrize("answers", [1, 8])
def test_a_page_costs_four_queries_however_long_it_is(
    deployed: SHA256,
    categories: None,
    client: Client,
    admin: User,
    rita: User,
    answers: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    product = add(admin)
    for _ in range(answers):
        client_of(rita).post(
            f"/api/v1/predictions/{ask(client, product)['id']}/review",
            {},
            content_type="application/json",
        )
    client.get("/api/v1/session")  # the token is known from here on
    with django_assert_num_queries(4):  # the product, its answers, their reviews, and the notes
        history(client, product)
