"""A person's word on a prediction. The person wins; the receipt stays as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Category, Product
from ledger.actions import record
from ledger.commitments import commitment
from ledger.models import Entry, Opening
from lib import clock
from predictions import notes
from predictions.models import Prediction, Review
from predictions.tests.conftest import DRILL, Post, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

DRILLS = "Tools > Power tools > Cordless drills"
LAMPS = "Lighting > Lamps"


@pytest.fixture
def product(categories: None, admin: User) -> Product:
    fields: Any = {**DRILL, "sku": "D-7"}
    return inventory.create_product(fields=fields, by=admin, now=clock.now())


@pytest.fixture
def answer(deployed: SHA256, product: Product, client: Client) -> dict[str, Any]:
    return dict(client.get(f"/api/v1/products/{product.pk}/prediction").json())


@pytest.fixture
def review(rita: User, answer: dict[str, Any]) -> Any:
    client = client_of(rita)

    def send(body: dict[str, Any], **headers: str) -> Any:
        return client.post(
            f"/api/v1/predictions/{answer['id']}/review",
            body,
            content_type="application/json",
            headers=headers,
        )

    return send


def test_accepting_files_the_product_where_it_was_suggested(
    review: Any, product: Product, answer: dict[str, Any]
) -> None:
    response = review({})
    assert response.status_code == 201
    assert response.json()["outcome"] == "accepted"
    assert response.json()["category"] == answer["category"] == DRILLS
    product.refresh_from_db()
    assert product.category is not None
    assert (product.category.path, product.category_source) == (DRILLS, "person")


def test_correcting_files_it_where_the_person_said(review: Any, product: Product) -> None:
    response = review({"category": LAMPS, "note": "It glows."})
    assert response.json()["outcome"] == "corrected"
    assert response.json()["note"] == "It glows."
    product.refresh_from_db()
    assert product.category is not None
    assert product.category.path == LAMPS


def test_a_correction_to_the_same_category_is_an_acceptance(review: Any) -> None:
    assert review({"category": DRILLS}).json()["outcome"] == "accepted"


def test_the_person_wins_over_whatever_was_there(
    review: Any, product: Product, admin: User
) -> None:
    inventory.categorize(
        product_id=product.pk, category=LAMPS, source="import", by=admin, now=clock.now()
    )
    review({})
    product.refresh_from_db()
    assert product.category is not None
    assert (product.category.path, product.category_source) == (DRILLS, "person")


def test_the_receipt_stays_as_it_was(review: Any, answer: dict[str, Any], dora: User) -> None:
    before = client_of(dora).get(f"/api/v1/predictions/{answer['id']}").content
    review({"category": LAMPS})
    assert client_of(dora).get(f"/api/v1/predictions/{answer['id']}").content == before


def test_the_review_keeps_its_words_when_the_category_is_renamed(review: Any, admin: User) -> None:
    review({"category": LAMPS})
    category = Category.objects.get(path=LAMPS)
    inventory.update_category(
        category_id=category.pk, fields={"name": "Luminaires"}, by=admin, now=clock.now()
    )
    assert Review.objects.get().label == LAMPS


def test_the_ledger_tells_of_it(review: Any, answer: dict[str, Any], rita: User) -> None:
    given = review({"category": LAMPS}).json()
    entry = Entry.objects.get(kind="prediction.corrected")
    assert (str(entry.uuid), entry.subject, entry.actor_id) == (given["id"], answer["id"], rita.pk)
    assert json.loads(entry.content())["private"] is None
    assert not Opening.objects.filter(entry=entry.uuid).exists()


def test_a_note_is_kept_apart_where_it_can_be_erased(review: Any, rita: User) -> None:
    given = review({"category": LAMPS, "note": "It glows."}).json()
    entry = Entry.objects.get(uuid=given["id"])
    opening = Opening.objects.get(entry=entry.uuid)
    assert (opening.part, opening.about) == ("details", rita.pk)
    assert bytes(opening.value) == b'{"note":"It glows."}'
    body = json.loads(entry.content())
    assert body["private"] == commitment(bytes(opening.salt), bytes(opening.value))
    assert notes.of(Review.objects.all()) == {entry.uuid: "It glows."}
    assert not any(b"glows" in one.content() for one in Entry.objects.all())
    assert not any(b"rita" in one.content() for one in Entry.objects.all())


def test_a_category_that_is_not_there_is_refused(review: Any) -> None:
    response = review({"category": "Nowhere"})
    assert response.status_code == 422
    assert response.json()["code"] == "unknown_category"
    assert not Review.objects.exists()


def test_there_is_nothing_to_accept_without_a_suggestion(post: Post, rita: User) -> None:
    nothing = post(DRILL).json()
    assert nothing["category"] is None
    response = client_of(rita).post(
        f"/api/v1/predictions/{nothing['id']}/review", {}, content_type="application/json"
    )
    assert response.status_code == 409


def test_a_product_that_was_deleted_stays_deleted(
    review: Any, product: Product, admin: User
) -> None:
    inventory.delete_product(product_id=product.pk, by=admin, now=clock.now())
    assert review({"category": LAMPS}).status_code == 201
    product.refresh_from_db()
    assert product.category is None


def test_a_review_that_arrives_twice_counts_once(review: Any) -> None:
    first = review({"category": LAMPS}, **{"Idempotency-Key": "r"})
    second = review({"category": LAMPS}, **{"Idempotency-Key": "r"})
    assert second.json() == first.json()
    assert Review.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [{"category": 5}, {"category": None}, {"note": "x" * 1001}, {"outcome": "accepted"}, []],
)
def test_a_review_in_another_form_is_refused(review: Any, body: Any) -> None:
    assert review(body).status_code == 400


def test_there_is_no_review_of_nothing(categories: None, rita: User) -> None:
    response = client_of(rita).post(
        "/api/v1/predictions/01890a5d-ac96-774b-bcce-b302099a8057/review",
        {},
        content_type="application/json",
    )
    assert response.status_code == 404


def test_predictions_and_reviews_are_never_changed_or_deleted(review: Any) -> None:
    review({})
    for model, change in ((Prediction, {"label": "x"}), (Review, {"label": "x"})):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            model.objects.update(**change)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            model.objects.all()._raw_delete("default")


MADE_AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"decision_path": "guess"}, "known_path"),
        ({"decision_path": "none"}, "answer_is_whole"),
        ({"label": ""}, "answer_is_whole"),
        ({"score": None}, "answer_is_whole"),
        ({"confidence_ppm": 1_000_001}, "confidence_is_a_share"),
        ({"product_version": 1}, "product_and_version"),
    ],
)
def test_the_database_knows_what_an_answer_is(
    deployed: SHA256, carla: User, wrong: dict[str, Any], rule: str
) -> None:
    entry = record("prediction.made", actor=carla.pk, subject="x", now=MADE_AT)
    right: dict[str, Any] = {
        "id": entry.uuid,
        "asked_by": carla,
        "version_id": deployed["live"],
        "decision_path": "live",
        "label": DRILLS,
        "score": 5,
        "confidence_ppm": 900_000,
        "needs_review": False,
        "taxonomy_version": 1,
        "made_at": MADE_AT,
    }
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Prediction.objects.create(**right | wrong)
    Prediction.objects.create(**right)
