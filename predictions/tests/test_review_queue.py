"""What waits for a person."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from lib import clock
from predictions import jobs
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

LAMPS = "Lighting > Lamps"
QUEUE = "/api/v1/reviews/queue"
# From no idea at all to nearly sure.
DOUBTFUL = ["zzzz qqqq", "lamp glove", "lamp drill", "screw shelf"]


def add(by: User, name: str, sku: str | None = None) -> Product:
    fields: Any = {"name": name, "sku": sku or name}
    return inventory.create_product(fields=fields, by=by, now=clock.now())


def ask(client: Client, product: Product) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/api/v1/products/{product.pk}/prediction").json()
    assert answer["needs_review"], answer
    return answer


def names(client: Client, **query: str | int) -> list[str]:
    return [one["product"]["name"] for one in client.get(QUEUE, query).json()["results"]]


def review(client: Client, answer: dict[str, Any], body: dict[str, str]) -> None:
    response = client.post(
        f"/api/v1/predictions/{answer['id']}/review", body, content_type="application/json"
    )
    assert response.status_code == 201


def test_what_is_doubtful_is_told_as_it_was_answered(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add(admin, "lamp glove")
    answer = ask(client, product)
    told = client.get(QUEUE).json()
    assert (told["next"], told["waiting"]) == (None, 1)
    (one,) = told["results"]
    assert one["prediction"] == answer
    assert one["product"] == client.get(f"/api/v1/products/{product.pk}").json()


def test_an_answer_without_a_suggestion_is_told_as_it_was_answered(
    deployed: SHA256, client: Client, admin: User
) -> None:
    answer = ask(client, add(admin, "zzzz qqqq"))
    assert answer["category"] is None
    assert client.get(QUEUE).json()["results"][0]["prediction"] == answer


def test_the_least_certain_comes_first_and_before_it_what_nobody_could_say(
    deployed: SHA256, client: Client, admin: User
) -> None:
    answers = {name: ask(client, add(admin, name)) for name in reversed(DOUBTFUL)}
    order = sorted(DOUBTFUL, key=lambda name: answers[name]["confidence_ppm"] or -1)
    assert order[0] == "zzzz qqqq"
    assert names(client) == order


def test_what_the_model_is_sure_about_does_not_wait(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = inventory.create_product(
        fields={**DRILL, "sku": "A"},  # type: ignore[typeddict-item]
        by=admin,
        now=clock.now(),
    )
    answer = client.get(f"/api/v1/products/{product.pk}/prediction").json()
    assert not answer["needs_review"]
    assert names(client) == []


@pytest.mark.parametrize("body", [{"category": LAMPS}, {}])
def test_what_a_person_has_answered_waits_no_more(
    deployed: SHA256, categories: None, client: Client, admin: User, body: dict[str, str]
) -> None:
    review(client, ask(client, add(admin, "lamp glove")), body)
    assert names(client) == []


def test_a_product_that_a_person_has_filed_waits_no_more(
    deployed: SHA256, categories: None, client: Client, admin: User
) -> None:
    product = add(admin, "lamp glove")
    ask(client, product)
    inventory.categorize(
        product_id=product.pk, category=LAMPS, source="person", by=admin, now=clock.now()
    )
    ask(client, product)
    assert names(client) == []


def test_a_product_that_was_deleted_waits_no_more(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add(admin, "lamp glove")
    ask(client, product)
    inventory.delete_product(product_id=product.pk, by=admin, now=clock.now())
    assert names(client) == []


def test_an_answer_about_what_the_product_used_to_be_does_not_wait(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add(admin, "lamp glove", "A")
    ask(client, product)
    inventory.update_product(
        product_id=product.pk, fields={"name": "lamp drill"}, by=admin, now=clock.now()
    )
    assert names(client) == []
    answer = ask(client, product)
    (one,) = client.get(QUEUE).json()["results"]
    assert one["prediction"]["id"] == answer["id"]


def test_a_product_asked_about_twice_waits_once_with_its_newest_answer(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add(admin, "lamp glove")
    ask(client, product)
    newest = ask(client, product)
    (one,) = client.get(QUEUE).json()["results"]
    assert one["prediction"]["id"] == newest["id"]


def test_an_older_answer_does_not_come_back_once_the_newest_has_been_reviewed(
    deployed: SHA256, categories: None, client: Client, admin: User
) -> None:
    product = add(admin, "lamp glove")
    ask(client, product)
    newest = ask(client, product)
    review(client, newest, {})
    # Back to nobody's, and still of the version that was asked about.
    Product.objects.filter(pk=product.pk).update(category=None, category_source="", version=1)
    assert names(client) == []


def test_a_question_about_no_stored_product_waits_for_nobody(
    deployed: SHA256, client: Client
) -> None:
    client.post("/api/v1/predictions", {"price": "1.00"}, content_type="application/json")
    assert Prediction.objects.filter(needs_review=True).exists()
    assert names(client) == []


def test_what_the_robot_is_unsure_about_waits(
    deployed: SHA256, categories: None, client: Client, admin: User
) -> None:
    add(admin, "lamp glove")
    jobs.predict_new_products()
    assert names(client) == ["lamp glove"]


def test_the_pages_follow_one_another_while_people_work(
    deployed: SHA256, categories: None, client: Client, admin: User
) -> None:
    everything = [*DOUBTFUL, "zzzz wwww", "zzzz xxxx"]
    answers = {name: ask(client, add(admin, name)) for name in everything}
    order = names(client)
    page = client.get(QUEUE, {"limit": 2}).json()
    seen = [one["product"]["name"] for one in page["results"]]
    review(client, answers[seen[0]], {"category": LAMPS})
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += [one["product"]["name"] for one in page["results"]]
    assert seen == order
    assert page["waiting"] == len(everything) - 1


def test_no_more_than_a_thousand_are_counted(
    deployed: SHA256, client: Client, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from predictions.api import reviews

    monkeypatch.setattr(reviews, "MOST_COUNTED", 2)
    for number in range(3):
        ask(client, add(admin, f"zzzz {number}"))
    assert client.get(QUEUE).json()["waiting"] == 2


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"after": "5"}, {"after": "-2_" + "0" * 32}, {"before": "1"}],
)
def test_a_query_that_cannot_be_meant_is_refused(
    client: Client, query: dict[str, str | int]
) -> None:
    response = client.get(QUEUE, query)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_query")


@pytest.mark.parametrize("count", [1, 6])
def test_a_page_costs_three_queries_however_long_it_is(
    deployed: SHA256,
    client: Client,
    admin: User,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(count):
        ask(client, add(admin, f"lamp glove {number}"))
    with django_assert_num_queries(3):
        assert len(client.get(QUEUE).json()["results"]) == count


def test_the_database_walks_the_queue_in_its_order(deployed: SHA256) -> None:
    if connection.vendor != "sqlite":
        # A planner with statistics does what it likes with a table of no rows.
        pytest.skip("what SQLite does can be read from its plan alone")
    plan = Prediction.objects.waiting()[:20].explain()
    assert "predictions_doubts_in_order" in plan
    assert "TEMP B-TREE" not in plan


def test_who_only_looks_on_does_not_get_the_queue(
    deployed: SHA256, dora: User, alice: User
) -> None:
    for user in (dora, alice):
        assert client_of(user).get(QUEUE).status_code == 403
