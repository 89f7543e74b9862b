"""What people said to predictions on a tablet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from categorizer.model import Suggestion
from inventory.actions import UnknownCategory
from inventory.models import Product
from predictions import features
from predictions.actions import predict, skip
from predictions.actions import review as write_review
from predictions.models import Prediction
from predictions.receipts import Asker, Question, TabletAnswer, moment
from sync.actions.products import check_category
from sync.incoming import Invalid
from sync.models import Change
from sync.outcomes import Done, Rejected, Task


def review(*, task: Task) -> Done:
    """Write down that a person accepted or corrected an answer, and put the product there."""
    prediction = _answer(task, task.payload["prediction"])
    product = task.known_product
    if prediction.product_id != product.pk:
        raise Invalid("prediction: This answer is about another product.")
    rebased = check_category(task=task)
    try:
        write_review(
            prediction_id=prediction.pk,
            category=task.payload["category"],
            note=task.payload["note"],
            by=task.by,
            now=task.now,
        )
    except UnknownCategory as error:
        raise Rejected("unknown_category", str(error)) from error
    product.refresh_from_db(fields=["version"])
    return Done(
        product,
        prediction=prediction.pk,
        rebased=rebased,
        details={"category": task.payload["category"]},
    )


def provide(*, task: Task) -> Done:
    """Ask the server what the tablet has answered by itself, and keep both in one receipt.

    Nothing is filed. If the two differ, the product waits for a person.
    """
    product = task.known_product
    read = features.of_product(product)
    if features.is_too_long(read):
        raise Invalid("The product's description is too long to be asked about. Shorten it first.")
    told = task.payload["answer"]
    question = Question(
        read,
        product.pk,
        product.version,
        TabletAnswer(
            model_sha256=told["model_sha256"],
            suggestions=[_suggestion(one) for one in (told, *told["alternatives"])],
            made_at=task.sent.made_at,
        ),
    )
    asker = Asker(
        user_id=task.by.pk,
        request_id=task.request_id,
        device=str(task.sent.device),
        device_time=moment(task.sent.sent_at),
    )
    (made,) = predict(questions=[question], asker=asker, now=task.now)
    return Done(product, prediction=made.prediction.pk, agreement=made.agreement)


def pass_over(*, task: Task) -> Done:
    """Leave a prediction to the others."""
    prediction = _answer(task, task.payload["prediction"])
    skip(prediction_id=prediction.pk, by=task.by, now=task.now)
    number = prediction.product_id
    return Done(
        Product.objects.filter(pk=number).first() if number else None, prediction=prediction.pk
    )


def _suggestion(told: Mapping[str, Any]) -> Suggestion:
    return Suggestion(told["category"], told["score"], told["confidence_ppm"])


def dismiss(*, task: Task) -> Done:
    """Leave what is there: the change that this one settles is given up."""
    if task.resolves is None:
        raise Invalid("resolves: Name the change that is given up.")
    number = task.resolves.product_id
    return Done(Product.objects.filter(pk=number).first() if number else None)


def _answer(task: Task, told: UUID) -> Prediction:
    """Return the prediction of this id, or the one that came of this provisional change."""
    own = Change.objects.filter(pk=told, kind=Change.Kind.PROVISIONAL, person=task.by)
    made = own.values_list("prediction", flat=True).first()
    prediction = Prediction.objects.filter(pk=made or told).first()
    if prediction is None:
        raise Rejected(
            "unknown_prediction", "The server does not know this answer. Ask again, then decide."
        )
    return prediction
