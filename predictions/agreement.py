"""Whether the tables say what the receipts in the log say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef

from ledger.models import Entry, Pruning
from ledger.ranges import Fault, Stored
from predictions.models import Prediction, Review, Skip
from predictions.receipts import beside_tablet, moment

# What the table repeats of a receipt, in the order of `_as_told`.
_COLUMNS = (
    "id", "made_at", "label", "score", "confidence_ppm", "decision_path", "threshold_ppm",
    "needs_review", "version_id", "taxonomy_version", "product_id", "product_version",
)  # fmt: skip


def agrees(prediction: Prediction, receipt: dict[str, Any]) -> bool:
    """Return whether the row says what the receipt says."""
    return _as_told(receipt) == _as_stored([getattr(prediction, name) for name in _COLUMNS])


def _as_told(receipt: dict[str, Any]) -> tuple[object, ...]:
    product = receipt["product"] or {"id": None, "version": None}
    return (
        receipt["id"], receipt["made_at"], receipt["category"] or "", receipt["score"],
        receipt["confidence_ppm"], receipt["decision_path"], receipt["threshold_ppm"],
        receipt["needs_review"], receipt["model_sha256"], receipt["taxonomy_version"],
        product["id"], product["version"],
    )  # fmt: skip


def _as_stored(values: Sequence[Any]) -> tuple[object, ...]:
    return str(values[0]), moment(values[1]), *values[2:]


def check_predictions(rows: Sequence[tuple[Stored, dict[str, Any]]]) -> Iterator[Fault]:
    """Compare the rows of predictions with their receipts."""
    # Bare values: a million rows of Django's would take as long as all the rest.
    wanted = Prediction.objects.filter(pk__in=[row.uuid for row, _ in rows])
    found = {one[0]: one for one in wanted.values_list(*_COLUMNS, "asked_by_id")}
    for row, receipt in rows:
        stored = found.get(row.uuid)
        if stored is None:
            yield Fault(row.index, f"Prediction {row.uuid} is gone; its receipt is still here.")
        elif _as_told(receipt) != _as_stored(stored[:-1]):
            yield Fault(row.index, f"Prediction {row.uuid} does not say what its receipt says.")
        elif "tablet_answer" in receipt and beside_tablet(receipt, receipt) != receipt:
            yield Fault(row.index, f"Receipt {row.uuid} misjudges the answer of a tablet.")
        elif row.actor_id not in (stored[-1], None):  # receipts of format 1 have none
            yield Fault(row.index, f"Prediction {row.uuid} names another person than its receipt.")


def check_reviews(rows: Sequence[tuple[Stored, dict[str, Any]]]) -> Iterator[Fault]:
    """Compare the rows of reviews with their entries."""
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


def check_skips(rows: Sequence[tuple[Stored, dict[str, Any]]]) -> Iterator[Fault]:
    """Compare the rows of what people skipped with their entries."""
    found = Skip.objects.in_bulk([row.uuid for row, _ in rows])
    for row, entry in rows:
        skip = found.get(row.uuid)
        if skip is None:
            yield Fault(row.index, f"Skip {row.uuid} is gone; its entry is still here.")
            continue
        stored = (str(skip.prediction_id), moment(skip.at), skip.person_id)
        if (entry["subject"], entry["at"], row.actor_id) != stored:
            yield Fault(row.index, f"Skip {row.uuid} does not say what its entry says.")


def without_entry() -> Iterator[str]:
    """Name the first answers and reviews that stand for entries which are not there."""
    # Entries that were pruned are not missing.
    since = Pruning.objects.order_by("-up_to_index").values_list("before", flat=True).first()
    for model, noun, moment_of in (
        (Prediction, "Prediction", "made_at"),
        (Review, "Review", "reviewed_at"),
        (Skip, "Skip", "at"),
    ):
        alone = model._default_manager.exclude(Exists(Entry.objects.filter(uuid=OuterRef("pk"))))
        if since is not None:
            alone = alone.filter(**{f"{moment_of}__gte": since})
        for key in alone.order_by("pk").values_list("pk", flat=True)[:10]:
            yield f"{noun} {key} has no entry in the log."
