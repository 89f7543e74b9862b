"""What became of the answers of a model that is no longer trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from inventory.models import Product
from lib.ids import smallest_id
from predictions.models import ROBOT, Prediction, PredictionQuerySet, Review
from registry.models import Deployment

Predictions = TypeVar("Predictions", bound=QuerySet[Prediction])
_DAY = timedelta(days=1)
_newer = Prediction.objects.filter(product=OuterRef("product"), pk__gt=OuterRef("pk"))
_reviewed = Q(Exists(Review.objects.filter(prediction=OuterRef("pk"))))
_present = Q(product__isnull=False, product__deleted_at=None)
# What the program was sure about it has filed; the last time is the one that counts. A category
# may have been renamed since, so its name is not asked.
_applied = (
    _present
    & Q(
        needs_review=False,
        asked_by__username=ROBOT,
        product__category_source=Product.Source.MODEL,
    )
    & ~Q(Exists(_newer.filter(needs_review=False, asked_by__username=ROBOT)))
)


def _last_said(outcome: str) -> Q:
    newer = Review.objects.filter(prediction=OuterRef("prediction"), pk__gt=OuterRef("pk"))
    last = Review.objects.filter(~Exists(newer), prediction=OuterRef("pk"), outcome=outcome)
    return Q(Exists(last))


# What a receipt can have become, in the order of the page. One receipt can be several of these.
STANDINGS: dict[str, tuple[str, Q]] = {
    "applied": ("Filed a product, which still stands where it was put", _applied),
    "accepted": ("A person reviewed it and accepted it", _last_said("accepted")),
    "corrected": ("A person reviewed it and corrected it", _last_said("corrected")),
    "unreviewed": ("About a product, and nobody reviewed it", _present & ~_reviewed),
    "deleted": ("About a product that was deleted", Q(product__deleted_at__isnull=False)),
    "unstored": ("About no stored product", Q(product=None)),
    "requeued": ("Put back before people by a recall", Q(requeued__isnull=False)),
}


def of_model(sha256: str) -> PredictionQuerySet:
    """Return what a model answered."""
    return answered_by(PredictionQuerySet(Prediction), sha256)


def answered_by(predictions: Predictions, sha256: str) -> Predictions:
    """Keep of `predictions` what a model answered.

    There is no index for that. A model answers between its first deployment and the end of its
    last, give or take the second in which a process learns of it, and that is a stretch of keys.
    """
    span = Deployment.objects.filter(version=sha256).aggregate(
        since=Min("started_at"), until=Max("ended_at"), open=Count("pk", filter=Q(ended_at=None))
    )
    found = predictions.filter(version=sha256)
    if span["since"] is None:
        # It never answered here; if there are answers all the same, they shall be found.
        return found
    found = found.filter(pk__gte=smallest_id(span["since"] - _DAY))
    return found if span["open"] else found.filter(pk__lt=smallest_id(span["until"] + _DAY))


def numbers(sha256: str) -> dict[str, int]:
    """Return how many receipts a model has, by what became of them, in one query."""
    counts: dict[str, int] = of_model(sha256).aggregate(
        total=Count("pk"),
        **{name: Count("pk", filter=condition) for name, (_, condition) in STANDINGS.items()},
    )
    return counts


def to_requeue(sha256: str) -> QuerySet[Prediction]:
    """Return the answers that a recall of this model puts before people.

    Those about a product that is still here and that no person has filed, not reviewed, not put
    back already. Of an answer that another one followed, only if the product still stands where
    it was put because of it.
    """
    return (
        of_model(sha256)
        .filter(_present & ~_reviewed, requeued=None)
        .exclude(product__category_source=Product.Source.PERSON)
        .filter(~Q(Exists(_newer)) | _applied)
    )
