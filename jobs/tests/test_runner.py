import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from jobs import actions, registry
from jobs.models import Job
from jobs.registry import Scheduled
from jobs.runner import Runner
from lib import clock

MINUTE = timedelta(minutes=1)


def scheduled(**runs: Callable[[], None]) -> dict[str, Scheduled]:
    return {
        name: Scheduled(name, run, every=MINUTE, lease=MINUTE, lane="work")
        for name, run in runs.items()
    }


def quiet() -> None:
    pass


def broken() -> None:
    raise ZeroDivisionError("by zero")


def run_and_hang_up(runner: Runner) -> None:
    runner.run()
    connection.close()


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def only(**runs: Callable[[], None]) -> None:
        monkeypatch.setattr(registry, "_scheduled", scheduled(**runs))

    return only


@pytest.mark.django_db
def test_a_job_that_fails_does_not_keep_the_others_from_running(
    only: Callable[..., None],
) -> None:
    ran: list[str] = []
    only(a=broken, b=lambda: ran.append("b"))
    call_command("run_jobs", "--once")
    assert ran == ["b"]
    failed, succeeded = Job.objects.get(name="a"), Job.objects.get(name="b")
    assert "ZeroDivisionError: by zero" in failed.last_error
    assert failed.run_after > clock.now()
    assert failed.succeeded_at is None
    assert succeeded.succeeded_at is not None
    assert succeeded.last_error == ""


@pytest.mark.django_db
def test_a_job_that_recovers_forgets_its_failures(only: Callable[..., None]) -> None:
    only(a=broken)
    call_command("run_jobs", "--once")
    Job.objects.update(run_after=clock.now())
    only(a=quiet)
    call_command("run_jobs", "--once")
    job = Job.objects.get()
    assert (job.attempts, job.last_error) == (0, "")


@pytest.mark.django_db(transaction=True)
def test_a_runner_that_is_told_to_stop_finishes_what_it_began() -> None:
    began, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        began.set()
        may_end.wait(10)
        done.append("slow")

    actions.plan(names=["slow"], now=clock.now())
    runner = Runner(scheduled(slow=slow), pause=0.01)
    thread = threading.Thread(target=run_and_hang_up, args=[runner])
    thread.start()
    assert began.wait(10)
    runner.stop()
    may_end.set()
    thread.join(10)
    assert not thread.is_alive()
    assert done == ["slow"]
    assert Job.objects.get().owner is None


@pytest.mark.django_db(transaction=True)
def test_a_runner_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    actions.plan(names=["a"], now=clock.now())
    runner = Runner(scheduled(a=quiet), pause=0.01)
    reap, away = actions.reap, [3]

    def reap_or_fail(**fields: datetime) -> int:
        if away[0]:
            away[0] -= 1
            raise OperationalError("the server closed the connection")
        return reap(**fields)

    monkeypatch.setattr(actions, "reap", reap_or_fail)
    thread = threading.Thread(target=run_and_hang_up, args=[runner])
    thread.start()
    deadline = time.monotonic() + 10
    while not Job.objects.exclude(succeeded_at=None) and time.monotonic() < deadline:
        time.sleep(0.01)
    runner.stop()
    thread.join(10)
    assert Job.objects.exclude(succeeded_at=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else os.environ["DATABASE_URL"]
    if connection.vendor == "postgresql":
        url = url.rsplit("/", 1)[0] + f"/{name}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_jobs"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            # The first thing a runner says comes after its handlers are in place.
            assert process.stderr is not None
            if "runner started" in process.stderr.readline():
                break
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.django_db
def test_a_runner_leaves_the_jobs_of_other_lanes_to_others() -> None:
    actions.plan(names=["a", "b"], now=clock.now())
    ran: list[str] = []
    runner = Runner(scheduled(b=lambda: ran.append("b")))
    assert [runner.run_one(), runner.run_one()] == [True, False]
    assert ran == ["b"]
    assert Job.objects.get(name="a").started_at is None


@pytest.mark.django_db
def test_the_command_runs_the_jobs_of_every_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    lanes = {
        name: Scheduled(name, lambda name=name: ran.append(name), MINUTE, MINUTE, lane=name)  # type: ignore[misc]
        for name in ("work", "seal")
    }
    monkeypatch.setattr(registry, "_scheduled", lanes)
    call_command("run_jobs", "--once")
    assert sorted(ran) == ["seal", "work"]


def test_a_job_is_named_after_its_app_and_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_scheduled", {})

    def predict_new_products() -> None: ...

    predict_new_products.__module__ = "predictions.jobs"
    registry.job(every=MINUTE)(predict_new_products)
    assert list(registry._scheduled) == ["predictions.predict_new_products"]
    with pytest.raises(AssertionError, match="two jobs"):
        registry.job(every=MINUTE)(predict_new_products)
