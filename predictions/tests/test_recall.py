"""A model is no longer trusted: what it answered goes before people again."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from ledger.models import Entry
from ledger.openings import opened
from lib import clock
from predictions import jobs, recalls, serving
from predictions.actions.recalls import CannotRecall, recall
from predictions.models import ROBOT, Doubt, Prediction, Recall, Requeued
from predictions.tests.conftest import DRILL
from registry import actions as registry
from registry.models import ModelVersion
from registry.release import read_release
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db
QUEUE = "/api/v1/reviews/queue"
DRILLS = "Tools > Power tools > Cordless drills"
GLOVES = "Safety > Gloves"
WHY = "It was trained on swapped labels."


def add(by: User, sku: str, **fields: Any) -> Product:
    chosen: Any = {**DRILL, "sku": sku, **fields}
    return inventory.create_product(fields=chosen, by=by, now=clock.now())


def doubtful(by: User, sku: str) -> Product:
    fields: Any = {"sku": sku, "name": "lamp glove"}
    return inventory.create_product(fields=fields, by=by, now=clock.now())


def take_back(sha256: str, by: User, reason: str = WHY) -> int:
    return recall(sha256=sha256, reason=reason, by=by, now=clock.now())[1]


def ask(client: Client, product: Product) -> Any:
    return client.get(f"/api/v1/products/{product.pk}/prediction").json()


def queue(client: Client, **query: Any) -> Any:
    return client.get(QUEUE, query).json()


def skus(client: Client) -> list[str]:
    return [one["product"]["sku"] for one in queue(client)["results"]]


def review(client: Client, prediction: Any, **body: str) -> None:
    address = f"/api/v1/predictions/{prediction}/review"
    assert client.post(address, body, content_type="application/json").status_code == 201


def deploy_another(trained_otherwise: Any) -> str:
    (live,) = (
        one.version_id
        for one in registry.plant(
            release=read_release(trained_otherwise), by=registry.robot(), now=clock.now()
        )
        if one.role == "live"
    )
    serving.forget()
    return str(live)


@pytest.fixture
def filed(deployed: SHA256, categories: None, admin: User) -> Product:
    """A product that the model was sure about, and that was filed because of it."""
    product = add(admin, "A")
    jobs.predict_new_products()
    product.refresh_from_db()
    assert product.category_source == Product.Source.MODEL
    return product


def test_what_the_model_was_sure_about_waits_again_and_stays_where_it_is(
    filed: Product, deployed: SHA256, client: Client, bob: User
) -> None:
    assert skus(client) == []
    assert take_back(deployed["live"], bob) == 1
    (one,) = queue(client)["results"]
    assert one["product"]["sku"] == "A"
    assert one["product"]["category"] == DRILLS
    assert one["recalled"] == WHY
    assert one["prediction"]["needs_review"] is False
    assert queue(client)["waiting"] == 1


def test_what_waits_for_another_reason_says_nothing_of_a_recall(
    deployed: SHA256, client: Client, admin: User
) -> None:
    ask(client, doubtful(admin, "A"))
    (one,) = queue(client)["results"]
    assert one["recalled"] is None


def test_what_waited_already_waits_once_and_says_why(
    deployed: SHA256, client: Client, admin: User, bob: User
) -> None:
    ask(client, doubtful(admin, "A"))
    assert take_back(deployed["live"], bob) == 1
    (one,) = queue(client)["results"]
    assert one["recalled"] == WHY
    assert Doubt.objects.count() == 1


def test_a_person_settles_it(filed: Product, deployed: SHA256, client: Client, bob: User) -> None:
    take_back(deployed["live"], bob)
    (one,) = queue(client)["results"]
    review(client, one["prediction"]["id"], category=GLOVES)
    assert skus(client) == []
    filed.refresh_from_db()
    assert filed.category is not None
    assert (filed.category.path, filed.category_source) == (GLOVES, Product.Source.PERSON)


@pytest.mark.parametrize("what", ["reviewed", "person", "deleted", "productless", "another"])
def test_what_no_person_is_needed_for_does_not_wait(
    deployed: SHA256, categories: None, client: Client, admin: User, bob: User,
    trained_otherwise: Any, what: str,
) -> None:  # fmt: skip
    product = add(admin, "A")
    sha256 = deployed["live"]
    if what == "productless":
        client.post("/api/v1/predictions", DRILL, content_type="application/json")
    elif what == "another":
        sha256 = deploy_another(trained_otherwise)
        deploy_back = deployed["live"]
        registry.deploy(sha256=deploy_back, by=bob, now=clock.now())
        serving.forget()
        ask(client, product)
    else:
        answer = ask(client, product)
        if what == "reviewed":
            review(client, answer["id"])
    if what == "person":
        inventory.categorize(
            product_id=product.pk, category=GLOVES, source="person", by=admin, now=clock.now()
        )
    elif what == "deleted":
        inventory.delete_product(product_id=product.pk, by=admin, now=clock.now())
    assert take_back(sha256, bob) == 0
    assert skus(client) == []


def test_the_newest_answer_about_a_product_waits_and_no_other(
    deployed: SHA256, client: Client, admin: User, bob: User
) -> None:
    product = add(admin, "A")
    ask(client, product)
    newest = ask(client, product)
    assert take_back(deployed["live"], bob) == 1
    (one,) = queue(client)["results"]
    assert one["prediction"]["id"] == newest["id"]


def test_a_product_that_was_changed_after_it_was_filed_waits_too(
    filed: Product, deployed: SHA256, client: Client, admin: User, bob: User
) -> None:
    inventory.update_product(
        product_id=filed.pk, fields={"description": "New"}, by=admin, now=clock.now()
    )
    take_back(deployed["live"], bob)
    assert skus(client) == ["A"]


def test_a_later_answer_that_filed_nothing_does_not_hide_what_stands(
    filed: Product, deployed: SHA256, client: Client, bob: User, trained_otherwise: Any
) -> None:
    deploy_another(trained_otherwise)
    assert not ask(client, filed)["needs_review"]
    assert take_back(deployed["live"], bob) == 1
    (one,) = queue(client)["results"]
    assert one["prediction"]["model"] == deployed["live"]


def test_what_another_model_has_filed_since_does_not_wait(
    deployed: SHA256, categories: None, client: Client, admin: User, bob: User,
    trained_otherwise: Any,
) -> None:  # fmt: skip
    product = add(admin, "A")
    ask(client, product)
    deploy_another(trained_otherwise)
    jobs.predict_new_products()
    product.refresh_from_db()
    assert product.category_source == Product.Source.MODEL
    assert take_back(deployed["live"], bob) == 0
    assert skus(client) == []


def test_what_is_filed_anew_after_a_recall_waits_no_more(
    filed: Product, deployed: SHA256, client: Client, admin: User, bob: User,
    trained_otherwise: Any,
) -> None:  # fmt: skip
    take_back(deployed["live"], bob)
    inventory.categorize(
        product_id=filed.pk, category=None, source="person", by=admin, now=clock.now()
    )
    assert skus(client) == ["A"]
    deploy_another(trained_otherwise)
    jobs.predict_new_products()
    assert skus(client) == []


def test_what_waits_because_of_a_newer_answer_waits_once(
    filed: Product, deployed: SHA256, client: Client, admin: User, bob: User,
    trained_otherwise: Any,
) -> None:  # fmt: skip
    take_back(deployed["live"], bob)
    inventory.update_product(
        product_id=filed.pk, fields={"name": "lamp glove", "description": "", "width_mm": None,
                                     "weight_g": None},
        by=admin, now=clock.now(),
    )  # fmt: skip
    deploy_another(trained_otherwise)
    filed.refresh_from_db()
    answer = ask(client, filed)
    assert answer["needs_review"]
    (one,) = queue(client)["results"]
    assert one["prediction"]["id"] == answer["id"]
    assert one["recalled"] is None


def test_a_recall_twice_writes_nothing_twice(
    filed: Product, deployed: SHA256, client: Client, bob: User
) -> None:
    assert take_back(deployed["live"], bob) == 1
    assert take_back(deployed["live"], bob, "Again.") == 0
    assert Recall.objects.count() == Requeued.objects.count() == 1
    assert Entry.objects.filter(kind="model.recalled").count() == 1
    assert skus(client) == ["A"]


def test_what_a_recalled_model_answers_later_is_put_back_by_another_recall(
    filed: Product, deployed: SHA256, client: Client, admin: User, bob: User
) -> None:
    take_back(deployed["live"], bob)
    add(admin, "B")
    jobs.predict_new_products()
    assert skus(client) == ["A"]
    assert take_back(deployed["live"], bob, "It still answered.") == 1
    told = {one["product"]["sku"]: one["recalled"] for one in queue(client)["results"]}
    assert told == {"A": WHY, "B": "It still answered."}


def test_a_recall_needs_a_reason_and_a_model(deployed: SHA256, bob: User) -> None:
    for reason in ("", "  \n"):
        with pytest.raises(CannotRecall):
            take_back(deployed["live"], bob, reason)
    with pytest.raises(ModelVersion.DoesNotExist):
        take_back("0" * 64, bob)
    assert not Recall.objects.exists()


def test_a_recall_is_an_entry_whose_reason_can_be_erased(
    filed: Product, deployed: SHA256, bob: User
) -> None:
    take_back(deployed["live"], bob)
    entry = Entry.objects.get(kind="model.recalled")
    assert (entry.subject, entry.actor_id) == (deployed["live"], bob.pk)
    assert entry.uuid == Recall.objects.get().pk
    body = json.loads(entry.content())
    assert body["details"] == {"requeued": 1}
    assert WHY not in entry.content().decode()
    assert opened(entry.uuid)["details"].value == {"reason": WHY}


def test_the_receipts_stay_as_they_were(filed: Product, deployed: SHA256, bob: User) -> None:
    prediction = Prediction.objects.get()
    before = Entry.objects.get(uuid=prediction.pk).content()
    row = Prediction.objects.values().get()
    take_back(deployed["live"], bob)
    assert Entry.objects.get(uuid=prediction.pk).content() == before
    assert Prediction.objects.values().get() == row


def test_the_queue_stays_in_its_order_page_by_page(
    deployed: SHA256, categories: None, client: Client, admin: User, bob: User
) -> None:
    for number in range(3):
        add(admin, f"sure-{number}", width_mm=200 + number)
    jobs.predict_new_products()
    for number, name in enumerate(["zzzz qqqq", "lamp glove", "screw shelf"]):
        fields: Any = {"sku": f"doubt-{number}", "name": name}
        ask(client, inventory.create_product(fields=fields, by=admin, now=clock.now()))
    assert take_back(deployed["live"], bob) >= 5
    whole = queue(client)["results"]
    assert len(whole) == 6
    places = [(one["prediction"]["confidence_ppm"] or -1, one["prediction"]["id"]) for one in whole]
    assert places == sorted(places)
    page = queue(client, limit=2)
    seen = page["results"]
    while page["next"]:
        page = client.get(page["next"]).json()
        seen += page["results"]
    assert seen == whole


def test_a_page_of_the_queue_still_costs_three_queries(
    filed: Product, deployed: SHA256, client: Client, bob: User, admin: User
) -> None:
    ask(client, doubtful(admin, "B"))
    take_back(deployed["live"], bob)
    with CaptureQueriesContext(connection) as queries:
        assert len(queue(client)["results"]) == 2
    assert len(queries) == 3


def test_doubts_are_taken_by_the_database_itself(
    deployed: SHA256, client: Client, admin: User
) -> None:
    ask(client, doubtful(admin, "A"))
    ask(client, add(admin, "B"))
    client.post("/api/v1/predictions", {"name": "lamp glove"}, content_type="application/json")
    doubt = Doubt.objects.get()
    assert doubt.prediction.product is not None
    assert doubt.prediction.product.sku == "A"
    assert doubt.sure == doubt.prediction.confidence_ppm


def test_every_receipt_of_a_model_is_counted_by_what_became_of_it(
    deployed: SHA256, categories: None, client: Client, admin: User, bob: User
) -> None:
    products = [add(admin, f"filed-{number}", width_mm=200 + number) for number in range(3)]
    jobs.predict_new_products()
    predictions = {one.product_id: one for one in Prediction.objects.all()}
    review(client, predictions[products[0].pk].pk)
    review(client, predictions[products[1].pk].pk, category=GLOVES)
    gone = add(admin, "gone")
    ask(client, gone)
    inventory.delete_product(product_id=gone.pk, by=admin, now=clock.now())
    client.post("/api/v1/predictions", DRILL, content_type="application/json")
    assert recalls.numbers(deployed["live"]) == {
        "total": 5, "applied": 1, "accepted": 1, "corrected": 1, "unreviewed": 1, "deleted": 1,
        "unstored": 1, "requeued": 0,
    }  # fmt: skip
    take_back(deployed["live"], bob)
    assert recalls.numbers(deployed["live"])["requeued"] == 1
    # What was corrected and then accepted counts as what was said last.
    review(client, predictions[products[1].pk].pk)
    assert recalls.numbers(deployed["live"])["accepted"] == 2
    assert recalls.numbers(deployed["fallback"])["total"] == 0


def test_a_renamed_category_still_counts_as_filed(
    filed: Product, deployed: SHA256, admin: User
) -> None:
    assert filed.category is not None
    inventory.update_category(
        category_id=filed.category.pk, fields={"name": "Drills"}, by=admin, now=clock.now()
    )
    assert recalls.numbers(deployed["live"])["applied"] == 1


def test_the_answers_of_a_model_are_found_within_its_deployments(
    filed: Product, deployed: SHA256, client: Client, trained_otherwise: Any
) -> None:
    other = deploy_another(trained_otherwise)
    ask(client, filed)
    assert recalls.of_model(deployed["live"]).count() == 1
    assert recalls.of_model(other).count() == 1
    plan = str(recalls.of_model(deployed["live"]).values("pk").query)
    assert '"id" >= ' in plan
    assert '"id" < ' in plan


def test_the_program_files_in_the_name_that_the_numbers_look_for(filed: Product) -> None:
    assert Prediction.objects.get().asked_by.username == ROBOT == registry.robot().username
