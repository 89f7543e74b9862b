"""Whether the tables say what the receipts in the log say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef

from ledger.models import Entry, Pruning
from ledger.ranges import Fault, Stored
from predictions.models import Prediction, Review
from predictions.receipts import moment


def as_told(receipt: dict[str, Any]) -> tuple[object, ...]:
    """Return what a receipt says, in the order of `as_stored`."""
    product = receipt["product"] or {"id": None, "version": None}
    return (
        receipt["id"], receipt["made_at"], receipt["category"] or "", receipt["score"],
        receipt["confidence_ppm"], receipt["decision_path"], receipt["threshold_ppm"],
        receipt["needs_review"], receipt["model_sha256"], receipt["taxonomy_version"],
        product["id"], product["version"],
    )  # fmt: skip


def as_stored(prediction: Prediction) -> tuple[object, ...]:
    """Return what the table says of an answer."""
    return (
        str(prediction.pk), moment(prediction.made_at), prediction.label, prediction.score,
        prediction.confidence_ppm, prediction.decision_path, prediction.threshold_ppm,
        prediction.needs_review, prediction.version_id, prediction.taxonomy_version,
        prediction.product_id, prediction.product_version,
    )  # fmt: skip


def check_predictions(rows: Sequence[tuple[Stored, dict[str, Any]]]) -> Iterator[Fault]:
    found = Prediction.objects.in_bulk([row.uuid for row, _ in rows])
    for row, receipt in rows:
        prediction = found.get(row.uuid)
        if prediction is None:
            yield Fault(row.index, f"Prediction {row.uuid} is gone; its receipt is still here.")
        elif as_told(receipt) != as_stored(prediction):
            yield Fault(row.index, f"Prediction {row.uuid} does not say what its receipt says.")
        elif row.actor_id != prediction.asked_by_id:
            yield Fault(row.index, f"Prediction {row.uuid} names another person than its receipt.")


def check_reviews(rows: Sequence[tuple[Stored, dict[str, Any]]]) -> Iterator[Fault]:
    found = Review.objects.in_bulk([row.uuid for row, _ in rows])
    for row, entry in rows:
        review = found.get(row.uuid)
        if review is None:
            yield Fault(row.index, f"Review {row.uuid} is gone; its entry is still here.")
            continue
        stored = (
            str(review.prediction_id), f"prediction.{review.outcome}", review.label,
            moment(review.reviewed_at), review.reviewed_by_id,
        )  # fmt: skip
        said = (
            entry["subject"], entry["kind"], entry["details"]["category"], entry["at"],
            row.actor_id,
        )  # fmt: skip
        if said != stored:
            yield Fault(row.index, f"Review {row.uuid} does not say what its entry says.")


def without_entry() -> Iterator[str]:
    """Name the first answers and reviews that stand for entries which are not there."""
    # Entries that were pruned are not missing.
    since = Pruning.objects.order_by("-up_to_index").values_list("before", flat=True).first()
    for model, noun, moment_of in (
        (Prediction, "Prediction", "made_at"),
        (Review, "Review", "reviewed_at"),
    ):
        alone = model._default_manager.exclude(Exists(Entry.objects.filter(uuid=OuterRef("pk"))))
        if since is not None:
            alone = alone.filter(**{f"{moment_of}__gte": since})
        for key in alone.order_by("pk").values_list("pk", flat=True)[:10]:
            yield f"{noun} {key} has no entry in the log."
