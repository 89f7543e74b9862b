"""Who runs which job when. Any number of runners may call these at the same time."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from jobs.models import Job

_LONGEST_ERROR = 4000
_LONGEST_WAIT = timedelta(hours=1)


@transaction.atomic
def plan(*, names: Iterable[str], now: datetime) -> None:
    """See to it that there is a row for each of these jobs, due at once, and for no other."""
    names = set(names)
    Job.objects.exclude(name__in=names).delete()
    Job.objects.bulk_create(
        [Job(name=name, run_after=now) for name in sorted(names)], ignore_conflicts=True
    )


def claim(*, owner: UUID, lease: dict[str, timedelta], now: datetime) -> Job | None:
    """Lease the job that has been due for longest, or return None.

    `lease` says for how long, by the name of the job; others are left alone.
    """
    for job in Job.objects.due(now).filter(name__in=lease).order_by("run_after", "pk"):
        claimed = (
            Job.objects.due(now)
            .filter(pk=job.pk, run_after=job.run_after)
            .update(
                owner=owner,
                lease_until=now + lease[job.name],
                started_at=now,
                attempts=F("attempts") + 1,
            )
        )
        # No row changed: somebody else was faster. The next one may still be free.
        if claimed:
            job.refresh_from_db()
            return job
    return None


def next_due(*, names: Iterable[str]) -> datetime | None:
    """Return when the first of these jobs is due that nobody is at; None: all are being done."""
    waiting = Job.objects.filter(name__in=list(names), lease_until=None)
    return waiting.order_by("run_after").values_list("run_after", flat=True).first()


def finish(*, job_id: int, owner: UUID, every: timedelta, now: datetime) -> bool:
    """Note that a job succeeded and when it is due again. False: it was no longer ours."""
    return bool(
        Job.objects.filter(pk=job_id, owner=owner).update(
            owner=None,
            lease_until=None,
            attempts=0,
            last_error="",
            succeeded_at=now,
            run_after=now + every,
        )
    )


def fail(*, job_id: int, owner: UUID, error: str, after: timedelta, now: datetime) -> bool:
    """Note that a job failed and when to try again. False: it was no longer ours."""
    return bool(
        Job.objects.filter(pk=job_id, owner=owner).update(
            owner=None,
            lease_until=None,
            last_error=error[-_LONGEST_ERROR:],
            run_after=now + after,
        )
    )


def wait_after_failure(*, attempts: int, every: timedelta, chance: random.Random) -> timedelta:
    """Return how long to wait: twice as long after each failure, never in step with others."""
    longest = min(every * 2 ** min(attempts, 16), _LONGEST_WAIT)
    wait: timedelta = longest * chance.uniform(0.5, 1.0)
    return wait


def reap(*, now: datetime) -> int:
    """Make due again what its runner did not finish in time. Return how many there were."""
    if not Job.objects.abandoned(now).exists():
        return 0  # without having taken a lock: this is asked every second
    return Job.objects.abandoned(now).update(
        owner=None,
        lease_until=None,
        run_after=now,
        last_error="The runner did not finish in time; it may have been killed.",
    )
