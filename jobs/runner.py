"""The embedded runner: a loop that claims a job, runs it, and notes how it went."""

import random
import threading
import traceback
from collections.abc import Mapping
from uuid import uuid4

import structlog
from django.db import DatabaseError, close_old_connections

from jobs import actions
from jobs.registry import Scheduled
from lib import clock

log = structlog.get_logger("jobs")


class Runner:
    """Runs due jobs until told to stop; a job that has begun is finished first."""

    # Somebody else's job may turn out to be abandoned meanwhile.
    LONGEST_PAUSE = 10.0

    def __init__(self, scheduled: Mapping[str, Scheduled], *, pause: float = 0.2) -> None:
        self.scheduled = scheduled
        self.pause = pause
        self.owner = uuid4()
        self.chance = random.Random()
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        log.info("runner started", jobs=sorted(self.scheduled))
        while not self._stop.is_set():
            try:
                close_old_connections()
                actions.reap(now=clock.now())
                if not self.run_one():
                    self._stop.wait(self._until_due())
            except DatabaseError:
                # The database is away. What was begun keeps its lease until that runs out.
                log.exception("database does not answer")
                self._stop.wait(self.pause)
        log.info("runner stopped")

    def _until_due(self) -> float:
        """Return how long to wait for the next job, in seconds: at least `pause`, not for long."""
        due = actions.next_due(names=self.scheduled)
        ahead = (due - clock.now()).total_seconds() if due is not None else self.LONGEST_PAUSE
        return max(self.pause, min(ahead, self.LONGEST_PAUSE))

    def run_one(self) -> bool:
        """Run the job that has been due for longest. False: nothing is due."""
        lease = {name: job.lease for name, job in self.scheduled.items()}
        claimed = actions.claim(owner=self.owner, lease=lease, now=clock.now())
        if claimed is None:
            return False
        job = self.scheduled[claimed.name]
        try:
            job.run()
        except Exception:
            # Whatever went wrong in a job must not end the runner of all jobs.
            log.exception("job failed", job=job.name, attempts=claimed.attempts)
            wait = actions.wait_after_failure(
                attempts=claimed.attempts, every=job.every, chance=self.chance
            )
            kept = actions.fail(
                job_id=claimed.pk,
                owner=self.owner,
                error=traceback.format_exc(),
                after=wait,
                now=clock.now(),
            )
        else:
            kept = actions.finish(
                job_id=claimed.pk, owner=self.owner, every=job.every, now=clock.now()
            )
        if not kept:
            log.warning("job took longer than its lease", job=job.name)
        return True
