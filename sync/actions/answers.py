"""What people said to predictions on a tablet."""

from __future__ import annotations

from uuid import UUID

from inventory.actions import UnknownCategory
from inventory.models import Product
from predictions.actions import review as write_review
from predictions.models import Prediction
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
