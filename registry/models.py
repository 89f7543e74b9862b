"""Which models exist, who let them in, and which one answers from when to when."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from ledger.models import Entry

SEED_REASON = "Seed state"


class ModelVersion(models.Model):
    """A trained model: one file, known by the sha256 of its bytes.

    Triggers keep everything but `status` as it was registered.
    """

    class Kind(models.TextChoices):
        MODEL = "model"
        FALLBACK = "fallback"
        RULES = "rules"

    class Status(models.TextChoices):
        CANDIDATE = "candidate"
        APPROVED = "approved"
        RETIRED = "retired"

    sha256 = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=8, choices=Kind)
    card = models.TextField(help_text="card.json as it came with the release")
    dataset_sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    golden = models.TextField(
        help_text="one question and its answer in whole numbers, asked again by /readyz"
    )
    # Null where it was registered before this was kept: it cannot be told afterwards. And a column
    # that may be null is the only one that SQLite adds without remaking the table, which would drop
    # its triggers.
    provenance = models.TextField(  # noqa: DJ001
        null=True, help_text="what made it, as canonical JSON; registry/provenance.py reads it"
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.CANDIDATE)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField()
    # What tells of the last change; ledger/guards.py says how it cannot be left out.
    entry = models.ForeignKey(
        Entry, models.DO_NOTHING, to_field="uuid", null=True, editable=False, related_name="+"
    )

    class Meta:
        default_permissions = ("add", "view")
        permissions: ClassVar = [
            ("approve_modelversion", "Can approve a model somebody else submitted"),
            ("deploy_modelversion", "Can make an approved model answer"),
            ("retire_modelversion", "Can retire a model that no longer answers"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="registry_sha256_is_a_digest"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["model", "fallback", "rules"]), name="registry_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["candidate", "approved", "retired"]),
                name="registry_known_status",
            ),
            models.CheckConstraint(condition=Q(bytes__gt=0), name="registry_some_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"


class Approval(models.Model):
    """A person's yes to somebody else's model. Never changed, never deleted.

    The first installation has only one pair of eyes. Its models come in as the seed state, and
    their approvals say so in `is_seed` and in the reason, so that nobody takes them for a
    review.
    """

    version = models.OneToOneField(ModelVersion, on_delete=models.PROTECT, related_name="approval")
    # A copy, so that a constraint can compare the two people. A trigger refuses a wrong copy.
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField()
    reason = models.TextField()
    is_seed = models.BooleanField(default=False)
    # What tells of the last change; ledger/guards.py says how it cannot be left out.
    entry = models.ForeignKey(
        Entry, models.DO_NOTHING, to_field="uuid", null=True, editable=False, related_name="+"
    )

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(approved_by=F("submitted_by")) | Q(is_seed=True),
                name="registry_two_pairs_of_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(is_seed=True) | Q(reason__startswith=SEED_REASON),
                name="registry_seed_says_so",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="registry_approval_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"approval of {self.version_id[:12]}"


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def at(self, moment: datetime) -> Self:
        """Those that answered at a moment: one of each role at most."""
        return self.between(moment, moment)

    def between(self, since: datetime, until: datetime) -> Self:
        """Those that answered at some time from `since` to `until`, both of them included."""
        has_not_ended = Q(ended_at=None) | Q(ended_at__gt=since)
        return self.filter(has_not_ended, started_at__lte=until)

    def with_people(self) -> Self:
        """Fetch with each its version, who let that in and why, and who deployed it."""
        return self.select_related("version__approval__approved_by", "started_by").defer(
            "version__card", "version__golden", "version__provenance"
        )


class Deployment(models.Model):
    """From when to when a version answered, and in which part.

    Rows are never changed except to close them once, and never deleted: what was live at any
    moment stays known for ever.
    """

    class Role(models.TextChoices):
        LIVE = "live"
        FALLBACK = "fallback"
        RULES = "rules"

    role = models.CharField(max_length=8, choices=Role)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="deployments")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    # What tells of the last change; ledger/guards.py says how it cannot be left out.
    entry = models.ForeignKey(
        Entry, models.DO_NOTHING, to_field="uuid", null=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Deployment]] = DeploymentQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(role__in=["live", "fallback", "rules"]), name="registry_known_role"
            ),
            models.UniqueConstraint(
                fields=["role"], condition=Q(ended_at=None), name="registry_one_open_per_role"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gt=F("started_at")),
                name="registry_ended_after_it_started",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} since {self.started_at:%Y-%m-%d %H:%M}"
