"""What people say to predictions on a tablet, and what the tablet says by itself."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from ledger.models import Entry
from lib import clock
from predictions import actions as predictions
from predictions import agreement, features
from predictions.models import Doubt, Prediction, Review, Skip
from predictions.receipts import Asker, Question
from predictions.replay import Models, replay, stored
from registry.models import Deployment
from registry.tests.releases import SHA256
from sync.models import Change
from sync.tests.pushing import Json, Tablet, client_of, entries, outcome, outcomes, private

pytestmark = pytest.mark.django_db

APPLIED = ("applied", None)
DRILLS, GLOVES, LAMPS = (
    "Tools > Power tools > Cordless drills",
    "Safety > Gloves",
    "Lighting > Lamps",
)
SEEN = {"category_id": None}
QUEUE = "/api/v1/reviews/queue"


@pytest.fixture(autouse=True)
def nothing_is_left_to_write() -> Iterator[None]:
    yield
    predictions._writer.stop()


@pytest.fixture
def tablet(carla: User) -> Tablet:
    return Tablet(carla)


@pytest.fixture
def product(admin: User, categories: None) -> Product:
    return inventory.create_product(
        fields={"sku": "A", "name": "Cordless drill", "description": "brushless motor"},
        by=admin,
        now=clock.now(),
    )


@pytest.fixture
def receipt(deployed: SHA256, product: Product, carla: User) -> str:
    return str(asked(product, carla).pk)


def asked(product: Product, by: User) -> Prediction:
    question = Question(features.of_product(product), product.pk, product.version)
    asker = Asker(user_id=by.pk, request_id="")
    (made,) = predictions.predict(questions=[question], asker=asker, now=clock.now())
    return made.prediction


def body(receipt: str) -> Json:
    told: Json = json.loads(Entry.objects.get(uuid=receipt).content())
    return told


def accept(tablet: Tablet, product: Product, prediction: str, category: str, **more: Any) -> Json:
    carried = {"note": "", "seen": SEEN, **more}
    return tablet.change(
        "prediction.accept", product, prediction=prediction, category=category, **carried
    )


def correct(tablet: Tablet, product: Product, prediction: str, category: str, **more: Any) -> Json:
    return {
        **accept(tablet, product, prediction, category, **more),
        "kind": "prediction.correct",
    }


def test_a_suggestion_is_accepted(tablet: Tablet, product: Product, receipt: str) -> None:
    result = tablet.one(accept(tablet, product, receipt, DRILLS, note="As it says on the box."))
    assert outcome(result) == APPLIED
    assert (result["product"]["category"], result["product"]["category_source"]) == (
        DRILLS,
        "person",
    )
    review = Review.objects.get()
    assert (review.outcome, review.label, str(review.prediction_id)) == (
        "accepted",
        DRILLS,
        receipt,
    )
    assert private(entries(receipt, kind="prediction.")[0]) == {"note": "As it says on the box."}
    assert private(entries()[0]) == {"device": tablet.device}
    assert str(Change.objects.get().prediction_id) == receipt


def test_a_suggestion_is_corrected(tablet: Tablet, product: Product, receipt: str) -> None:
    assert outcome(tablet.one(correct(tablet, product, receipt, GLOVES))) == APPLIED
    assert Review.objects.get().outcome == "corrected"
    product.refresh_from_db()
    assert str(product.category) == GLOVES


def test_two_who_disagree_about_a_suggestion(
    tablet: Tablet, rita: User, product: Product, receipt: str
) -> None:
    other = Tablet(rita)
    assert outcome(other.one(correct(other, product, receipt, GLOVES))) == APPLIED
    mine = accept(tablet, product, receipt, DRILLS, note="Call me: 555")
    result = tablet.one(mine)
    assert outcome(result) == ("conflict", "human_conflict")
    assert result["contested"][0]["by"] == "Rita"
    # The second word is kept beside the first, and only the first is a review.
    assert Review.objects.count() == 1
    told = private(entries()[-1])
    assert told["asked"]["category"] == DRILLS
    assert told["asked"]["note"] == "Call me: 555"
    assert b"Call me" not in entries()[-1].content()
    # Two who agree both have reviewed.
    assert outcome(tablet.one(accept(tablet, product, receipt, GLOVES))) == APPLIED
    assert Review.objects.count() == 2


def test_an_answer_that_nobody_knows(tablet: Tablet, product: Product, receipt: str) -> None:
    for kind in (accept, correct):
        change = kind(tablet, product, str(uuid4()), DRILLS)
        assert outcome(tablet.one(change)) == ("rejected", "unknown_prediction")
    skip = tablet.change("prediction.skip", product, prediction=str(uuid4()))
    assert outcome(tablet.one(skip)) == ("rejected", "unknown_prediction")


def test_an_answer_about_another_product(
    tablet: Tablet, receipt: str, product: Product, admin: User
) -> None:
    other = inventory.create_product(fields={"sku": "B", "name": "b"}, by=admin, now=clock.now())
    result = tablet.one(accept(tablet, other, receipt, DRILLS))
    assert outcome(result) == ("rejected", "invalid")
    assert not Review.objects.exists()


def test_a_category_retired_meanwhile(
    tablet: Tablet, product: Product, receipt: str, admin: User
) -> None:
    from inventory.models import Category

    gone = Category.objects.get(path=GLOVES)
    inventory.delete_category(category_id=gone.pk, by=admin, now=clock.now())
    result = tablet.one(correct(tablet, product, receipt, GLOVES))
    assert outcome(result) == ("rejected", "unknown_category")
    assert not Review.objects.exists()


# What the tablet says by itself


def here(product: Product, answer: Prediction, **other: Any) -> Json:
    """Return an answer of a tablet: that of a receipt, but for what is `other`."""
    told = body(str(answer.pk))
    names = ("model_sha256", "category", "score", "confidence_ppm", "alternatives")
    return {**{name: told[name] for name in names}, **other}


@pytest.fixture
def answer(deployed: SHA256, product: Product, carla: User) -> Json:
    """What the live model says."""
    return here(product, asked(product, carla))


def test_the_same_model_says_the_same(tablet: Tablet, product: Product, answer: Json) -> None:
    result = tablet.one(tablet.change("prediction.provisional", product, answer=answer))
    assert (outcome(result), result["agreement"]) == (APPLIED, "same")
    told = body(result["prediction"])
    assert told["tablet_answer"] == {
        **answer, "agreement": "same", "made_at": "2026-11-20T08:15:00.001000Z",
    }  # fmt: skip
    assert told["product"] == {"id": product.pk, "version": product.version}
    assert told["asked_by"]["device_time"] is not None
    assert told["asked_by"]["device_commitment"] is not None
    # Nothing is filed.
    product.refresh_from_db()
    assert product.category is None
    made = Prediction.objects.get(pk=result["prediction"])
    assert made.needs_review is told["needs_review"]


@pytest.mark.parametrize(
    ("other", "agreement"),
    [
        ({"category": LAMPS}, "differs"),
        ({"score": 7}, "differs"),
        ({"model_sha256": "f" * 64}, "same"),
        ({"model_sha256": "f" * 64, "score": 7}, "same"),
        ({"model_sha256": "f" * 64, "category": LAMPS}, "differs"),
    ],
)
def test_what_differs_waits_for_a_person_however_sure_the_server_is(
    tablet: Tablet,
    product: Product,
    answer: Json,
    other: Json,
    agreement: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from predictions import serving

    # Sure of everything, so that only the difference can ask for a person.
    monkeypatch.setattr(serving, "thresholds", lambda card: dict.fromkeys([DRILLS], 0))
    serving.forget()
    change = tablet.change("prediction.provisional", product, answer={**answer, **other})
    result = tablet.one(change)
    assert result["agreement"] == agreement
    made = Prediction.objects.get(pk=result["prediction"])
    differs = agreement == "differs"
    assert made.needs_review is body(result["prediction"])["needs_review"] is differs
    assert Doubt.objects.filter(prediction=made).exists() is differs
    waiting = tablet.client.get(QUEUE).json()["results"]
    told = [(one["prediction"]["id"], one["tablet_said"]) for one in waiting]
    said = {name: {**answer, **other}[name] for name in ("category", "confidence_ppm")}
    assert told == ([(str(made.pk), said)] if differs else [])
    assert tablet.one(change)["agreement"] == agreement
    # And asked again much later, the same comes out.
    (kept,) = stored([made.pk])
    again = replay(kept, find=Models().get, code="now")
    assert again.outcome == "identical", again


def test_the_audit_desk_shows_both_answers(
    tablet: Tablet, product: Product, answer: Json, dora: User
) -> None:
    User.objects.filter(pk=dora.pk).update(is_staff=True)
    desk = client_of(dora)
    for other, words in (
        ({}, f"The tablet had answered <strong>{html.escape(DRILLS)}</strong>: the same."),
        ({"category": LAMPS}, f"<strong>{html.escape(LAMPS)}</strong>: <strong class="),
    ):
        given = {**answer, **other}
        made = tablet.one(tablet.change("prediction.provisional", product, answer=given))
        page = desk.get(f"/admin/predictions/prediction/{made['prediction']}/change/")
        assert words in re.sub(r"\s+", " ", page.content.decode())
        assert "Does not hold" not in page.content.decode()


def test_without_any_model_the_answers_differ(
    tablet: Tablet, product: Product, answer: Json
) -> None:
    from predictions import serving

    Deployment.objects.filter(ended_at=None).update(ended_at=clock.now())
    serving.forget()
    result = tablet.one(tablet.change("prediction.provisional", product, answer=answer))
    assert result["agreement"] == "differs"
    assert body(result["prediction"])["category"] is None


def test_a_replay_notices_a_judgement_that_does_not_fit(
    tablet: Tablet, product: Product, answer: Json
) -> None:
    from dataclasses import replace

    other = tablet.change("prediction.provisional", product, answer={**answer, "category": LAMPS})
    (kept,) = stored([UUID(tablet.one(other)["prediction"])])
    assert kept.body is not None
    forged = kept.body.replace(b'"agreement":"differs"', b'"agreement":"same"')
    again = replay(replace(kept, body=forged, leaf=None), find=Models().get, code="now")
    assert [one.field for one in again.differences] == ["tablet_answer"]


def test_the_check_of_the_log_notices_it_too(
    tablet: Tablet, product: Product, answer: Json
) -> None:
    from ledger.ranges import Stored

    made = tablet.one(tablet.change("prediction.provisional", product, answer=answer))
    entry = Entry.objects.get(uuid=made["prediction"])
    row = Stored(
        0, entry.pk, b"", entry.uuid, entry.kind, "", entry.actor_id, entry.at, entry.content()
    )
    told = body(made["prediction"])
    assert list(agreement.check_predictions([(row, told)])) == []
    told["tablet_answer"]["agreement"] = "differs"
    (fault,) = agreement.check_predictions([(row, told)])
    assert "answer of a tablet" in fault.what


def test_what_was_decided_on_a_provisional_answer_is_about_its_receipt(
    tablet: Tablet, product: Product, answer: Json
) -> None:
    made = tablet.change("prediction.provisional", product, answer=answer)
    decided = accept(tablet, product, made["id"], answer["category"])
    first, second = tablet.push(made, decided)
    assert list(outcomes([first, second])) == [APPLIED, APPLIED]
    assert str(Review.objects.get().prediction_id) == first["prediction"]
    assert second["product"]["category"] == answer["category"]


def test_a_product_made_and_categorized_without_a_connection(
    tablet: Tablet, product: Product, answer: Json
) -> None:
    made = {"uuid": str(uuid4())}
    provisional = tablet.change("prediction.provisional", made, answer=answer)
    results = tablet.push(
        tablet.create(made["uuid"], name="Cordless drill 2"),
        provisional,
        correct(tablet, made, provisional["id"], GLOVES),  # type: ignore[arg-type]  # JSON
    )
    assert list(outcomes(results)) == [APPLIED] * 3
    assert results[2]["product"]["category"] == GLOVES


def test_a_product_too_long_for_a_receipt_is_not_asked_about(
    tablet: Tablet, product: Product, answer: Json, admin: User
) -> None:
    inventory.update_product(
        product_id=product.pk, fields={"description": "\x01" * 20_000}, by=admin, now=clock.now()
    )
    result = tablet.one(tablet.change("prediction.provisional", product, answer=answer))
    assert outcome(result) == ("rejected", "invalid")


# Skipping


def test_who_skips_something_leaves_it_to_the_others(
    tablet: Tablet, rita: User, product: Product, answer: Json
) -> None:
    differs = tablet.change("prediction.provisional", product, answer={**answer, "score": 7})
    made = tablet.one(differs)["prediction"]
    assert tablet.client.get(QUEUE).json()["waiting"] == 1
    result = tablet.one(tablet.change("prediction.skip", product, prediction=made))
    assert outcome(result) == APPLIED
    assert tablet.client.get(QUEUE).json() == {"results": [], "next": None, "waiting": 0}
    others = client_of(rita).get(QUEUE).json()
    assert (len(others["results"]), others["waiting"]) == (1, 1)
    assert Skip.objects.get().person == tablet.person
    assert [one.actor_id for one in entries(made, kind="prediction.skipped")] == [tablet.person.pk]
    # Once is enough.
    assert outcome(tablet.one(tablet.change("prediction.skip", None, prediction=made))) == APPLIED
    assert Skip.objects.count() == len(entries(made, kind="prediction.skipped")) == 1


# Who may


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("picker", "create edit categorize accept provisional skip"),
        ("reviewer", "create edit categorize accept provisional skip"),
        ("administrator", "create edit categorize accept provisional skip"),
        ("data_scientist", "provisional"),
        ("approver", ""),
        ("auditor", ""),
    ],
)
def test_everybody_may_do_on_a_tablet_what_they_may_do(
    role: str, may: str, product: Product, answer: Json, receipt: str, roles: None
) -> None:
    from conftest import member

    tablet = Tablet(member("somebody", role))
    changes = {
        "create": tablet.create(),
        "edit": tablet.edit(product, {"name": product.name}, name="Drill 2"),
        "categorize": tablet.categorize(product, GLOVES),
        "provisional": tablet.change("prediction.provisional", product, answer=answer),
        "skip": tablet.change("prediction.skip", None, prediction=receipt),
        "accept": accept(tablet, product, receipt, GLOVES),
    }
    found = {name: tablet.one(change) for name, change in changes.items()}
    allowed = {name for name, result in found.items() if outcome(result) == APPLIED}
    assert allowed == set(may.split())
    for name in found.keys() - allowed:
        assert outcome(found[name]) == ("rejected", "permission_denied"), name
    assert Change.objects.count() == len(entries()) == len(changes)
