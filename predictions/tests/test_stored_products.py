"""Predictions for products in the catalogue: one when somebody asks, and the robot's rounds."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from ledger.models import Entry
from lib import clock
from predictions import actions, jobs, serving
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, Post, asked_in
from registry import files
from registry.release import read_release
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

DRILLS = "Tools > Power tools > Cordless drills"


def add(sku: str, by: User, **fields: Any) -> Product:
    all_fields: Any = {**DRILL, "sku": sku, **fields}
    return inventory.create_product(fields=all_fields, by=by, now=clock.now())


def test_a_product_is_asked_about_by_its_number(
    deployed: SHA256, client: Client, admin: User, post: Post
) -> None:
    product = add("A", admin, brand="Nordwerk", price="12.90")
    answer = client.get(f"/api/v1/products/{product.pk}/prediction").json()
    assert answer["product_id"] == product.pk
    assert answer["category"] == DRILLS
    features = {**DRILL, "brand": "Nordwerk", "price": "12.90"}
    assert answer["confidence_ppm"] == post(features).json()["confidence_ppm"]
    receipt = json.loads(Entry.objects.get(uuid=answer["id"]).content())
    assert receipt["product"] == {"id": product.pk, "version": 1}
    assert asked_in(answer["id"]) == features


def test_each_question_leaves_a_receipt(deployed: SHA256, client: Client, admin: User) -> None:
    product = add("A", admin)
    path = f"/api/v1/products/{product.pk}/prediction"
    assert client.get(path).json()["id"] != client.get(path).json()["id"]
    assert Prediction.objects.filter(product=product).count() == 2


def test_a_deleted_product_is_not_asked_about(
    deployed: SHA256, client: Client, admin: User
) -> None:
    product = add("A", admin)
    inventory.delete_product(product_id=product.pk, by=admin, now=clock.now())
    assert client.get(f"/api/v1/products/{product.pk}/prediction").status_code == 404


def test_a_product_too_long_for_a_receipt_is_refused_and_holds_nobody_up(
    deployed: SHA256, client: Client, admin: User, categories: None
) -> None:
    long = add("A", admin, description="🔩" * 20_000)
    assert client.get(f"/api/v1/products/{long.pk}/prediction").status_code == 422
    short = add("B", admin)
    jobs.predict_new_products()
    assert set(Prediction.objects.values_list("product", flat=True)) == {short.pk}


def test_the_robot_files_what_it_is_sure_about(
    deployed: SHA256, categories: None, admin: User
) -> None:
    sure, unsure = add("A", admin), add("B", admin, name="lamp glove", description="", width_mm=9)
    jobs.predict_new_products()
    sure.refresh_from_db()
    unsure.refresh_from_db()
    doubts = dict(Prediction.objects.values_list("product", "needs_review"))
    assert doubts == {sure.pk: False, unsure.pk: True}
    assert sure.category is not None
    assert (sure.category.path, sure.category_source) == (DRILLS, "model")
    assert unsure.category is None


def test_the_robot_asks_once(deployed: SHA256, categories: None, admin: User) -> None:
    add("A", admin, name="lamp glove", description="")
    jobs.predict_new_products()
    entries = Entry.objects.count()
    jobs.predict_new_products()
    assert Entry.objects.count() == entries


def test_what_the_model_is_unsure_about_does_not_block_the_others(
    deployed: SHA256, categories: None, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TOGETHER", 2)
    monkeypatch.setattr(jobs, "MOST", 2)
    for number in range(3):
        add(f"A{number}", admin, name="lamp glove", description="")
    last = add("B", admin)
    jobs.predict_new_products()
    assert not Prediction.objects.filter(product=last).exists()
    jobs.predict_new_products()
    last.refresh_from_db()
    assert last.category is not None


def test_a_product_that_changed_is_asked_about_again(
    deployed: SHA256, categories: None, admin: User
) -> None:
    product = add("A", admin, name="lamp glove", description="")
    jobs.predict_new_products()
    inventory.update_product(
        product_id=product.pk, fields={"brand": "Holm"}, by=admin, now=clock.now()
    )
    jobs.predict_new_products()
    versions = Prediction.objects.order_by("pk").values_list("product_version", flat=True)
    assert list(versions) == [1, 2]


def test_another_model_is_asked_again(
    deployed: SHA256, categories: None, admin: User, trained_otherwise: Path
) -> None:
    from registry import actions as registry

    add("A", admin, name="lamp glove", description="")
    jobs.predict_new_products()
    registry.plant(release=read_release(trained_otherwise), by=registry.robot(), now=clock.now())
    serving.forget()
    jobs.predict_new_products()
    assert Prediction.objects.values("version").distinct().count() == 2


def test_the_robot_waits_for_the_live_model(
    deployed: SHA256, categories: None, admin: User
) -> None:
    add("A", admin)
    path = files.path_of(deployed["live"], kind="model")
    path.unlink()
    serving.loaded.cache_clear()
    jobs.predict_new_products()
    assert not Prediction.objects.exists()


def test_before_anything_is_deployed_the_robot_does_nothing(admin: User) -> None:
    add("A", admin)
    jobs.predict_new_products()
    assert not Prediction.objects.exists()


def test_what_a_person_did_meanwhile_stands(
    deployed: SHA256, categories: None, admin: User
) -> None:
    product = add("A", admin)
    read_before = Product.objects.get(pk=product.pk)
    inventory.categorize(
        product_id=product.pk,
        category="Lighting > Lamps",
        source="person",
        by=admin,
        now=clock.now(),
    )
    actions.predict_products(products=[read_before], by=admin, now=clock.now())
    product.refresh_from_db()
    assert product.category is not None
    assert (product.category.path, product.category_source) == ("Lighting > Lamps", "person")


def test_a_category_that_is_gone_files_nothing(deployed: SHA256, admin: User) -> None:
    product = add("A", admin)
    jobs.predict_new_products()
    product.refresh_from_db()
    assert Prediction.objects.filter(product=product, needs_review=False).exists()
    assert product.category is None


def test_the_job_is_on_the_timetable() -> None:
    from jobs.registry import scheduled

    assert scheduled()["predictions.predict_new_products"].every <= timedelta(minutes=5)


@pytest.fixture
def carla_is_known(deployed: SHA256, post: Post, django_capture_on_commit_callbacks: Any) -> None:
    """Her token and her secret have been read, as in a process that has answered her before."""
    with django_capture_on_commit_callbacks(execute=True):
        post(DRILL)


def test_an_answer_costs_three_statements(
    carla_is_known: None, post: Post, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3) as queries:  # the receipt, what opens it, the prediction
        post(DRILL)
    assert all(query["sql"].startswith("INSERT") for query in queries)


def test_a_device_costs_no_statement_more(
    carla_is_known: None, post: Post, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):
        post(DRILL, **{"Shelfmark-Device": "tablet-7"})


def test_a_thousand_answers_cost_few_statements(
    carla_is_known: None, post: Post, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(30) as queries:
        post([DRILL] * 1000)
    assert all(query["sql"].startswith("INSERT") for query in queries)


def test_a_stored_product_costs_one_statement_more(
    carla_is_known: None,
    client: Client,
    admin: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    path = f"/api/v1/products/{add('A', admin).pk}/prediction"
    client.get(path)
    with django_assert_num_queries(4):
        client.get(path)
