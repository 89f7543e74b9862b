import json
from typing import Any

import pytest

from accounts.models import User
from ledger import openings
from ledger.models import Entry
from predictions.models import Prediction
from predictions.serving import loaded
from predictions.tests.conftest import DRILL, Post, asked_in
from registry.tests.releases import CATEGORIES, SHA256

pytestmark = pytest.mark.django_db


def test_a_product_gets_its_category(deployed: SHA256, post: Post) -> None:
    response = post(DRILL)
    assert response.status_code == 200
    answer = response.json()
    assert answer["category"] == "Tools > Power tools > Cordless drills"
    assert answer["decision_path"] == "live"
    assert answer["model"] == deployed["live"]
    assert answer["product_id"] is None
    assert answer["id"] == answer["receipt_id"]


def test_the_numbers_are_the_models_own(deployed: SHA256, post: Post) -> None:
    answer = post(DRILL).json()
    said = loaded(deployed["live"], "model").suggest(DRILL, top=5).suggestions
    shown = [(answer["category"], answer["confidence_ppm"])] + [
        (one["category"], one["confidence_ppm"]) for one in answer["alternatives"]
    ]
    assert shown == [(one.label, one.confidence_ppm) for one in said]
    assert [one["score"] for one in answer["alternatives"]] == [one.score for one in said[1:]]
    assert answer["confidence"] == answer["confidence_ppm"] / 1_000_000


def test_each_answer_has_its_receipt_already(deployed: SHA256, post: Post, carla: User) -> None:
    answer = post(DRILL).json()
    row = Prediction.objects.get(pk=answer["receipt_id"])
    assert row.label == answer["category"]
    assert row.confidence_ppm == answer["confidence_ppm"]
    assert row.version_id == deployed["live"]
    assert row.asked_by == carla
    entry = Entry.objects.get(uuid=row.pk)
    assert (entry.kind, entry.actor_id) == ("prediction.made", carla.pk)
    assert json.loads(entry.content())["category"] == answer["category"]


def test_a_list_is_answered_in_its_order(deployed: SHA256, post: Post) -> None:
    products = [
        {"name": f"{name} 3", "description": remarks[0]}
        for names, remarks, _ in CATEGORIES.values()
        for name in names
    ]
    answers = post(products).json()
    alone = [post(product).json() for product in products]
    told = ("category", "confidence_ppm", "alternatives", "decision_path", "needs_review")
    assert [[answer[key] for key in told] for answer in answers] == [
        [answer[key] for key in told] for answer in alone
    ]
    assert [answer["category"] for answer in answers] == [
        category for category in CATEGORIES for _ in range(3)
    ]


def test_a_list_of_one_is_answered_by_a_list(deployed: SHA256, post: Post) -> None:
    (answer,) = post([DRILL]).json()
    assert answer["category"] == post(DRILL).json()["category"]


def test_a_thousand_products_get_a_thousand_receipts(deployed: SHA256, post: Post) -> None:
    products = [{**DRILL, "name": f"Work gloves {number}"} for number in range(1000)]
    answers = post(products).json()
    assert len({answer["receipt_id"] for answer in answers}) == 1000
    assert Prediction.objects.count() == 1000
    bodies = Entry.objects.filter(kind="prediction.made").order_by("id")
    asked = openings.parts(entry.uuid for entry in bodies)
    inputs = [asked[entry.uuid]["input"].value["name"] for entry in bodies]
    assert inputs == [product["name"] for product in products]


@pytest.mark.parametrize(
    "nothing", [{"brand": None}, {"brand": ""}, {"brand": None, "height_mm": None}]
)
def test_null_and_empty_mean_that_it_is_not_known(
    deployed: SHA256, post: Post, nothing: dict[str, Any]
) -> None:
    plain, padded = post(DRILL).json(), post(DRILL | nothing).json()
    assert plain["confidence_ppm"] == padded["confidence_ppm"]
    assert asked_in(plain["id"]) == asked_in(padded["id"]) == DRILL


def test_an_answer_below_its_threshold_needs_review(deployed: SHA256, post: Post) -> None:
    for product in (DRILL, {"name": "lamp glove"}, {"name": "Wood screw 4"}):
        answer = post(product).json()
        sure = answer["threshold_ppm"] is not None and (
            answer["confidence_ppm"] >= answer["threshold_ppm"]
        )
        assert answer["needs_review"] is not sure


def test_thresholds_come_from_the_card(deployed: SHA256, post: Post, trained: Any) -> None:
    card = json.loads((trained / "card.json").read_text())
    answer = post(DRILL).json()
    assert answer["threshold_ppm"] == card["thresholds"]["per_category"][answer["category"]]
