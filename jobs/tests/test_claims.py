"""Who runs which job: one runner at a time, whatever happens to the runners."""

import random
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from jobs import actions
from jobs.models import Job

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ME, SOMEBODY = uuid4(), uuid4()


def plan(*names: str) -> dict[str, timedelta]:
    actions.plan(names=names, now=NOW)
    return dict.fromkeys(names, 10 * MINUTE)


@pytest.mark.django_db
def test_planning_twice_keeps_what_is_planned_and_drops_what_is_gone() -> None:
    lease = plan("a", "b")
    actions.claim(owner=ME, lease=lease, now=NOW)
    before = Job.objects.get(name="a")
    actions.plan(names=["a", "c"], now=NOW + MINUTE)
    assert set(Job.objects.values_list("name", flat=True)) == {"a", "c"}
    assert Job.objects.get(name="a").lease_until == before.lease_until


@pytest.mark.django_db
def test_the_job_that_has_been_due_for_longest_goes_first() -> None:
    lease = plan("a", "b", "later")
    Job.objects.filter(name="b").update(run_after=NOW - MINUTE)
    Job.objects.filter(name="later").update(run_after=NOW + MINUTE)
    claimed = [actions.claim(owner=ME, lease=lease, now=NOW) for _ in range(3)]
    assert [job and job.name for job in claimed] == ["b", "a", None]


@pytest.mark.django_db
def test_a_job_that_somebody_runs_is_not_given_to_another() -> None:
    lease = plan("a")
    assert actions.claim(owner=ME, lease=lease, now=NOW)
    assert actions.claim(owner=SOMEBODY, lease=lease, now=NOW + 9 * MINUTE) is None


@pytest.mark.django_db
def test_a_job_this_program_does_not_know_is_left_to_one_that_does() -> None:
    plan("a")
    assert actions.claim(owner=ME, lease={"other": MINUTE}, now=NOW) is None


@pytest.mark.django_db
def test_a_job_that_succeeded_is_due_again_after_its_time() -> None:
    lease = plan("a")
    job = actions.claim(owner=ME, lease=lease, now=NOW)
    assert job is not None
    assert actions.finish(job_id=job.pk, owner=ME, every=5 * MINUTE, now=NOW + MINUTE)
    assert actions.claim(owner=ME, lease=lease, now=NOW + 5 * MINUTE) is None
    again = actions.claim(owner=ME, lease=lease, now=NOW + 6 * MINUTE)
    assert again is not None
    assert (again.attempts, again.last_error) == (1, "")


@pytest.mark.django_db
def test_a_job_whose_runner_was_killed_is_run_by_another() -> None:
    lease = plan("a")
    actions.claim(owner=SOMEBODY, lease=lease, now=NOW)
    assert actions.reap(now=NOW + 9 * MINUTE) == 0
    assert actions.reap(now=NOW + 10 * MINUTE) == 1
    job = actions.claim(owner=ME, lease=lease, now=NOW + 10 * MINUTE)
    assert job is not None
    assert job.attempts == 2
    assert "killed" in job.last_error


@pytest.mark.django_db
def test_a_runner_that_comes_back_from_the_dead_changes_nothing() -> None:
    lease = plan("a")
    zombie = actions.claim(owner=SOMEBODY, lease=lease, now=NOW)
    assert zombie is not None
    actions.reap(now=NOW + 10 * MINUTE)
    actions.claim(owner=ME, lease=lease, now=NOW + 10 * MINUTE)
    before = Job.objects.values().get()
    late = NOW + 11 * MINUTE
    assert not actions.finish(job_id=zombie.pk, owner=SOMEBODY, every=MINUTE, now=late)
    assert not actions.fail(job_id=zombie.pk, owner=SOMEBODY, error="x", after=MINUTE, now=late)
    assert Job.objects.values().get() == before


@pytest.mark.django_db
def test_a_job_that_failed_waits_and_says_why() -> None:
    lease = plan("a")
    job = actions.claim(owner=ME, lease=lease, now=NOW)
    assert job is not None
    actions.fail(job_id=job.pk, owner=ME, error="x" * 9000 + "ValueError", after=MINUTE, now=NOW)
    stored = Job.objects.get()
    assert (stored.owner, stored.lease_until, stored.run_after) == (None, None, NOW + MINUTE)
    assert stored.last_error.endswith("ValueError")
    assert len(stored.last_error) == 4000


def test_the_wait_grows_with_every_failure_up_to_an_hour() -> None:
    chance = random.Random(7)
    waits = [
        actions.wait_after_failure(attempts=n, every=MINUTE, chance=chance) for n in range(1, 40)
    ]
    for number, wait in enumerate(waits, start=1):
        longest = min(MINUTE * 2 ** min(number, 16), timedelta(hours=1))
        assert longest / 2 <= wait <= longest


@pytest.mark.django_db
def test_the_database_refuses_an_owner_without_a_lease() -> None:
    plan("a")
    with pytest.raises(IntegrityError, match="jobs_owner_has_a_lease"), transaction.atomic():
        Job.objects.update(owner=ME)


@pytest.mark.django_db(transaction=True)
def test_eight_runners_claim_each_of_two_hundred_jobs_once() -> None:
    names = [f"job {number:03}" for number in range(200)]
    lease = plan(*names)
    claims: list[tuple[UUID, str]] = []
    faults: list[BaseException] = []
    start = threading.Barrier(8)

    def work() -> None:
        owner = uuid4()
        try:
            start.wait()
            while job := actions.claim(owner=owner, lease=lease, now=NOW):
                claims.append((owner, job.name))
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not faults
    assert sorted(name for _, name in claims) == names
    assert dict(Job.objects.values_list("name", "owner")) == {n: owner for owner, n in claims}
