"""What was answered, to whom and why; what people said to it; what was asked again or recalled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q

from inventory.models import Product
from lib.ids import smallest_id, uuid7
from registry.models import ModelVersion


class Path(models.TextChoices):
    """Who answered in the end."""

    LIVE = "live"
    CANARY = "canary"
    FALLBACK = "fallback"
    RULES = "rules"
    NONE = "none"


# In whose name the program itself asks, and files what it is sure about.
ROBOT = "shelfmark"
_DAY = timedelta(days=1)


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def made_between(self, since: datetime | None, until: datetime | None) -> Self:
        """Return the answers of a time, `until` not included.

        The moment has no index. An id carries the moment it was made at, which is that of the
        answer but for milliseconds; a day on either side leaves room for a clock that was set.
        """
        found = self
        if since is not None:
            found = found.filter(pk__gte=smallest_id(since - _DAY), made_at__gte=since)
        if until is not None:
            found = found.filter(pk__lt=smallest_id(until + _DAY), made_at__lt=until)
        return found

    def waiting(self) -> Self:
        """Those about which a person has to say something, the least sure first.

        Nobody has said anything yet, neither here nor to the product itself. Either the model was
        not sure enough, and this is the newest answer about the product as it is now. Or the
        model was recalled, and no other answer about the product waits or filed it since: that
        one the product may have changed, for its category may still be the recalled model's.

        Each has its place in this order as `sure`.
        """
        newer = Prediction.objects.filter(product=OuterRef("product"), pk__gt=OuterRef("pk"))
        is_newest = Q(product_version=F("product__version")) & ~Exists(
            newer.filter(product_version=OuterRef("product_version"))
        )
        instead = newer.filter(
            Q(requeued__isnull=False)
            | Q(doubt__isnull=False, product_version=OuterRef("product__version"))
            | Q(needs_review=False, asked_by__username=ROBOT)
        )
        return (
            self.filter(doubt__isnull=False, product__deleted_at=None)
            .filter(is_newest | Q(requeued__isnull=False) & ~Exists(instead))
            .exclude(product__category_source=Product.Source.PERSON)
            .exclude(Exists(Review.objects.filter(prediction=OuterRef("pk"))))
            .annotate(sure=F("doubt__sure"))
            .order_by("doubt__sure", "doubt__prediction_id")
        )

    def not_skipped_by(self, person: int) -> Self:
        """Leave out what this person does not want to say anything about."""
        return self.exclude(Exists(Skip.objects.filter(prediction=OuterRef("pk"), person=person)))

    def further_on(self, *, sure: int, id: UUID) -> Self:
        """Of `waiting`, those that come after this one."""
        # The first condition says nothing new. It lets the database begin there in its index.
        return self.filter(
            Q(doubt__sure__gt=sure) | Q(doubt__sure=sure, doubt__prediction_id__gt=id),
            doubt__sure__gte=sure,
        )

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
    """A person's answer to a prediction. The prediction stays as it was; this stands beside it.

    A note is kept apart: it opens the commitment of the ledger entry with the same id.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        CORRECTED = "corrected"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=9, choices=Outcome)
    # The path at that moment, not a key: categories are renamed and deleted, reviews are not.
    label = models.CharField(max_length=500)
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


class Skip(models.Model):
    """A person leaves a prediction to the others. It waits for them as before.

    It has the id of the ledger entry that tells of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The constraint has an index that begins with it.
    prediction = models.ForeignKey(
        Prediction, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["prediction", "person"], name="predictions_one_skip_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id} skipped"


# Replays


class ReplayOutcome(models.TextChoices):
    """What came of answering a question of the past again."""

    IDENTICAL = "identical"
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"


class ReplayRun(models.Model):
    """All predictions of a range are replayed, chunk by chunk, by a job or a command."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    OPEN = (State.QUEUED, State.RUNNING)

    since = models.DateTimeField(null=True)
    # Never empty: what is answered while a run goes on belongs to the next one.
    until = models.DateTimeField()
    version = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=8, blank=True, choices=Path)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    total = models.PositiveIntegerField(help_text="How many there were when it was requested.")
    done = models.PositiveIntegerField(default=0)
    identical = models.PositiveIntegerField(default=0)
    different = models.PositiveIntegerField(default=0)
    impossible = models.PositiveIntegerField(default=0)
    cursor = models.UUIDField(null=True, help_text="The last prediction that was replayed.")
    why = models.CharField(max_length=500, blank=True, help_text="Why it failed.")

    class Meta:
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                name="predictions_open_replays",
                condition=Q(state__in=["queued", "running"]),
            )
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]),
                name="predictions_known_replay_state",
            ),
            models.CheckConstraint(
                condition=Q(done=F("identical") + F("different") + F("impossible")),
                name="predictions_replays_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"replay {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    def range(self) -> PredictionQuerySet:
        """Return all predictions of this run, whether they were replayed already or not."""
        found = PredictionQuerySet(Prediction).made_between(self.since, self.until)
        if self.version_id:
            found = found.filter(version=self.version_id)
        return found.filter(decision_path=self.path) if self.path else found


class ReplayFinding(models.Model):
    """A prediction of a run that is not identical, and what came out."""

    run = models.ForeignKey(ReplayRun, on_delete=models.PROTECT, related_name="findings")
    prediction = models.ForeignKey(
        Prediction, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=10, choices=ReplayOutcome)
    what = models.TextField(help_text="The reason, or the fields that differ.")

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "prediction"], name="predictions_one_finding_each"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["different", "impossible"]),
                name="predictions_a_finding_is_no_success",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.prediction_id}"


# Recalls


class Doubt(models.Model):
    """A place in the queue of what waits for a person.

    A trigger takes one for each answer about a stored product that needs a review, in the
    statement that writes it; a recall takes one for each answer that it doubts afterwards. A
    table of its own, so that both stand in one order that one index has.
    """

    prediction = models.OneToOneField(
        Prediction, primary_key=True, on_delete=models.PROTECT, related_name="doubt"
    )
    sure = models.IntegerField(help_text="The confidence in parts per million; -1: no suggestion.")

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["sure", "prediction"], name="predictions_doubts_in_order")
        ]

    def __str__(self) -> str:
        return f"doubt about {self.prediction_id}"


class Recall(models.Model):
    """Somebody no longer trusts a model, and wants people to look at what it answered.

    It has the id of the ledger entry that tells of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="recalls")
    reason = models.CharField(max_length=1000)
    recalled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recalled_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        permissions: ClassVar = [
            ("recall", "Can put what a model answered before people again"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(reason=""), name="predictions_recall_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"recall of {self.version_id[:12]}"


class Requeued(models.Model):
    """An answer that a recall has put before people, whether the model was sure or not."""

    prediction = models.OneToOneField(
        Prediction, primary_key=True, on_delete=models.PROTECT, related_name="requeued"
    )
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="requeued")

    class Meta:
        default_permissions = ()
        verbose_name_plural = "requeued"

    def __str__(self) -> str:
        return f"{self.prediction_id} requeued"
