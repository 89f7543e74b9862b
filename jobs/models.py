from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class JobQuerySet(models.QuerySet["Job"]):
    def due(self, now: datetime) -> Self:
        return self.filter(run_after__lte=now, lease_until=None)

    def abandoned(self, now: datetime) -> Self:
        """Return what somebody claimed and did not finish in time."""
        return self.filter(lease_until__lte=now)


class Job(models.Model):
    """A job that runs again and again: when it is due, and who is at it now."""

    name = models.CharField(max_length=200, unique=True)
    run_after = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    owner = models.UUIDField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Since it last succeeded.")
    last_error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        indexes = [models.Index(fields=["run_after"], name="jobs_job_by_run_after")]
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, lease_until=None)
                | Q(owner__isnull=False, lease_until__isnull=False),
                name="jobs_owner_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return self.name
