"""What was answered, to whom and why; and what a person said to it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from inventory.models import Product
from lib.ids import uuid7
from registry.models import ModelVersion


class Path(models.TextChoices):
    """Who answered in the end."""

    LIVE = "live"
    CANARY = "canary"
    FALLBACK = "fallback"
    RULES = "rules"
    NONE = "none"


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def to_review(self) -> Self:
        """Those that nobody has looked at yet and that the model was not sure enough about."""
        return self.filter(needs_review=True).exclude(
            Exists(Review.objects.filter(prediction=OuterRef("pk")))
        )

    def about_this_version(self, *, since: datetime) -> Exists:
        """Ask of a product whether it was predicted since `since`, in the version it has now."""
        return Exists(
            self.filter(
                product=OuterRef("pk"), product_version=OuterRef("version"), made_at__gte=since
            )
        )


class Prediction(models.Model):
    """One answer. Never changed, never deleted: triggers see to it.

    The receipt itself, the whole of what was asked and answered, is the body of the ledger
    entry whose uuid is this row's id. The columns here repeat what people search for.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(
        Product, null=True, on_delete=models.PROTECT, related_name="predictions", db_index=False
    )
    product_version = models.PositiveIntegerField(null=True)
    # No index of their own: each costs every answer, and nobody asks for all the answers of a
    # version.
    version = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decision_path = models.CharField(max_length=8, choices=Path)
    label = models.CharField(max_length=500, blank=True, help_text="empty: no suggestion")
    score = models.BigIntegerField(null=True)
    confidence_ppm = models.PositiveIntegerField(null=True)
    threshold_ppm = models.PositiveIntegerField(null=True)
    needs_review = models.BooleanField()
    taxonomy_version = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Prediction]] = PredictionQuerySet.as_manager()

    class Meta:
        default_permissions = ("add", "view")
        permissions: ClassVar = [
            ("review_prediction", "Can accept or correct a prediction"),
            ("view_metrics", "Can read the metrics of this server"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["product", "version"],
                name="predictions_by_product",
                condition=Q(product__isnull=False),
            ),
            # Identifiers sort by time, so this is the queue of what waits for a person.
            models.Index(
                fields=["id"], name="predictions_doubtful", condition=Q(needs_review=True)
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decision_path__in=["live", "canary", "fallback", "rules", "none"]),
                name="predictions_known_path",
            ),
            models.CheckConstraint(
                condition=Q(
                    decision_path="none",
                    version=None,
                    label="",
                    score=None,
                    confidence_ppm=None,
                    needs_review=True,
                )
                | (
                    ~Q(decision_path="none")
                    & Q(version__isnull=False, score__isnull=False, confidence_ppm__isnull=False)
                    & ~Q(label="")
                ),
                name="predictions_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(confidence_ppm=None) | Q(confidence_ppm__lte=1_000_000),
                name="predictions_confidence_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(product=None, product_version=None)
                | Q(product__isnull=False, product_version__isnull=False),
                name="predictions_product_and_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label or 'no suggestion'} ({self.decision_path})"


class Review(models.Model):
    """A person's answer to a prediction. The prediction stays as it was; this stands beside it."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        CORRECTED = "corrected"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=9, choices=Outcome)
    # The path at that moment, not a key: categories are renamed and deleted, reviews are not.
    label = models.CharField(max_length=500)
    note = models.CharField(max_length=1000, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome__in=["accepted", "corrected"]), name="predictions_known_outcome"
            ),
            models.CheckConstraint(condition=~Q(label=""), name="predictions_review_has_a_label"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.label}"
