"""What was answered, to whom and why; and what a person said to it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q

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


# No suggestion counts as less sure than any. The -1 is written out because SQLite uses an index
# on an expression only for a query that spells it the same, and a parameter is another spelling.
_SURE = models.Func(
    "confidence_ppm",
    template="COALESCE(%(expressions)s, -1)",
    output_field=models.IntegerField(),
)


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def waiting(self) -> Self:
        """Those about which a person has to say something, the least sure first.

        They are the newest about a product as it is now, nobody has said anything yet, neither
        here nor to the product itself, and the model was not sure enough. Each has its place in
        this order as `sure`.
        """
        newer = Prediction.objects.filter(
            product=OuterRef("product"),
            product_version=OuterRef("product_version"),
            pk__gt=OuterRef("pk"),
        )
        return (
            self.filter(
                needs_review=True,
                product__isnull=False,
                product__deleted_at=None,
                product_version=F("product__version"),
            )
            .exclude(product__category_source=Product.Source.PERSON)
            .exclude(Exists(newer))
            .exclude(Exists(Review.objects.filter(prediction=OuterRef("pk"))))
            .annotate(sure=_SURE)
            .order_by("sure", "pk")
        )

    def further_on(self, *, sure: int, id: UUID) -> Self:
        """Of `waiting`, those that come after this one."""
        # The first condition says nothing new. It lets the database begin there in its index.
        return self.filter(Q(sure__gt=sure) | Q(sure=sure, pk__gt=id), sure__gte=sure)

    def with_reviews(self) -> Self:
        """Fetch with each what people said to it, newest first, and who asked."""
        newest_first = Review.objects.select_related("reviewed_by").order_by("-pk")
        return self.select_related("asked_by").prefetch_related(
            Prefetch("reviews", queryset=newest_first)
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
            # Identifiers sort by time, so this is the history of a product.
            models.Index(
                fields=["product", "id"],
                name="predictions_by_product",
                condition=Q(product__isnull=False),
            ),
            # The queue of what waits for a person, in its order.
            models.Index(
                _SURE,
                F("id"),
                name="predictions_doubtful",
                condition=Q(needs_review=True, product__isnull=False),
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
