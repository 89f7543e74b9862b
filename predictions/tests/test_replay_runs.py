"""A whole range is replayed, by a job or by a command."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from ledger.models import Entry
from lib import clock
from predictions import jobs, replay_runs
from predictions.actions.replays import note_replays, request_replay
from predictions.models import Prediction, ReplayFinding, ReplayOutcome, ReplayRun
from predictions.replay import Models, Stored
from predictions.replay import stored as whole
from predictions.tests.conftest import DRILL, Post
from predictions.tests.test_replay import changed
from registry import files
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db
State = ReplayRun.State


def request(by: User | None = None, **fields: Any) -> ReplayRun:
    now = clock.now()
    asked: dict[str, Any] = {
        "since": None, "until": now, "version_id": None, "path": "", "by": by, "now": now,
    }  # fmt: skip
    return request_replay(**{**asked, **fields})


def ask(post: Post, count: int) -> list[str]:
    return [one["id"] for one in post([{**DRILL, "width_mm": n + 1} for n in range(count)]).json()]


def seen(run: ReplayRun) -> tuple[str, int, int, int, int]:
    run.refresh_from_db()
    return run.state, run.done, run.identical, run.different, run.impossible


@pytest.fixture
def one_differs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the receipt with this id say what its model does not."""

    def alter(id: str) -> None:
        def stored(ids: Any) -> list[Stored]:
            return [changed(one, score=1) if str(one.id) == id else one for one in whole(ids)]

        monkeypatch.setattr(replay_runs, "stored", stored)

    return alter


def test_the_job_replays_all_that_was_answered_before(
    deployed: SHA256, post: Post, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_runs, "TOGETHER", 3)
    ask(post, 7)
    run = request(by=dora)
    later = post(DRILL).json()["id"]
    assert (run.state, run.total) == (State.QUEUED, 7)
    jobs.replay_ranges()
    assert seen(run) == (State.DONE, 7, 7, 0, 0)
    assert run.cursor is not None
    assert str(run.cursor) < later
    assert not ReplayFinding.objects.exists()


def test_request_and_end_are_entries(deployed: SHA256, post: Post, dora: User) -> None:
    ask(post, 2)
    run = request(by=dora)
    jobs.replay_ranges()
    requested = Entry.objects.get(kind="replay.requested")
    finished = Entry.objects.get(kind="replay.finished")
    assert requested.subject == finished.subject == f"replay:{run.pk}"
    assert requested.actor_id == dora.pk
    assert json.loads(requested.content())["details"]["total"] == 2
    assert json.loads(finished.content())["details"]["identical"] == 2


def test_what_is_not_identical_is_kept(
    deployed: SHA256, post: Post, one_differs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_runs, "TOGETHER", 2)
    ids = ask(post, 5)
    one_differs(ids[3])
    run = request()
    jobs.replay_ranges()
    assert seen(run) == (State.DONE, 5, 4, 1, 0)
    finding = ReplayFinding.objects.get()
    assert (str(finding.prediction_id), finding.outcome) == (ids[3], ReplayOutcome.DIFFERENT)
    assert finding.what.startswith("score: 1 then, ")


def test_a_model_that_is_gone_makes_all_its_answers_impossible(
    deployed: SHA256, post: Post
) -> None:
    ask(post, 3)
    files.path_of(deployed["live"], kind="model").unlink()
    run = request()
    jobs.replay_ranges()
    assert seen(run) == (State.DONE, 3, 0, 0, 3)
    assert all(deployed["live"] in one.what for one in ReplayFinding.objects.all())


def test_a_run_can_be_about_one_path_one_model_or_one_time(deployed: SHA256, post: Post) -> None:
    ask(post, 2)
    post({"name": "zxqj"})
    now = clock.now()
    assert request(path="none").total == 1
    assert request(path="live").total == 2
    assert request(version_id=deployed["live"]).total == 2
    assert request(version_id=deployed["fallback"]).total == 0
    assert request(since=now, now=clock.now(), until=clock.now()).total == 0
    assert request(since=now - timedelta(hours=1)).total == 3
    assert request(until=now - timedelta(hours=1)).total == 0


def test_a_run_of_nothing_ends(deployed: SHA256) -> None:
    run = request()
    jobs.replay_ranges()
    assert seen(run) == (State.DONE, 0, 0, 0, 0)


def test_nothing_to_do_is_nothing_done(deployed: SHA256) -> None:
    jobs.replay_ranges()
    assert not ReplayRun.objects.exists()


def test_the_oldest_run_is_finished_first(deployed: SHA256, post: Post) -> None:
    ask(post, 1)
    first, second = request(), request()
    jobs.replay_ranges()
    assert (seen(first)[0], seen(second)[0]) == (State.DONE, State.QUEUED)
    jobs.replay_ranges()
    assert seen(second)[0] == State.DONE


def test_a_chunk_that_is_done_twice_is_noted_once(
    deployed: SHA256, post: Post, one_differs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_runs, "TOGETHER", 2)
    ids = ask(post, 4)
    one_differs(ids[0])
    run = request()
    mine, theirs = ReplayRun.objects.get(pk=run.pk), ReplayRun.objects.get(pk=run.pk)
    replay_runs.go_on(mine, models=Models(), now=clock.now())
    # Another runner had begun with the same chunk.
    replay_runs.go_on(theirs, models=Models(), now=clock.now())
    assert seen(run) == (State.RUNNING, 2, 1, 1, 0)
    assert ReplayFinding.objects.count() == 1
    assert theirs.cursor == mine.cursor


def test_a_killed_runner_loses_one_chunk_and_nothing_is_counted_twice(
    deployed: SHA256, post: Post, one_differs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_runs, "TOGETHER", 2)
    ids = ask(post, 6)
    one_differs(ids[2])
    run = request()
    run = replay_runs.go_on(run, models=Models(), now=clock.now())
    save = ReplayRun.save

    def die(self: ReplayRun, **options: Any) -> None:
        save(self, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # After the findings and the counters are written, before they are committed.
        patch.setattr(ReplayRun, "save", die)
        with pytest.raises(KeyboardInterrupt):
            replay_runs.go_on(run, models=Models(), now=clock.now())
    assert seen(run) == (State.RUNNING, 2, 2, 0, 0)
    assert not ReplayFinding.objects.exists()
    jobs.replay_ranges()
    assert seen(run) == (State.DONE, 6, 5, 1, 0)
    assert ReplayFinding.objects.count() == 1


def test_a_run_that_ended_takes_no_more(deployed: SHA256, post: Post) -> None:
    ask(post, 1)
    run = request()
    jobs.replay_ranges()
    run.refresh_from_db()
    now = clock.now()
    assert not note_replays(run_id=run.pk, after=run.cursor, replays=[], is_last=True, now=now)
    assert Entry.objects.filter(kind="replay.finished").count() == 1


def test_a_mistake_of_ours_ends_the_run_and_says_so(
    deployed: SHA256, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(post, 1)
    run = request()

    def crash(ids: Any) -> Any:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(replay_runs, "stored", crash)
    with pytest.raises(ZeroDivisionError):
        jobs.replay_ranges()
    assert seen(run)[0] == State.FAILED
    assert "by zero" in run.why
    assert Entry.objects.filter(kind="replay.failed").exists()


def test_a_job_that_has_worked_long_enough_goes_on_later(
    deployed: SHA256, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_runs, "TOGETHER", 1)
    monkeypatch.setattr(jobs, "REPLAY_SECONDS", -1)
    ask(post, 3)
    run = request()
    for done in (1, 2):
        jobs.replay_ranges()
        assert seen(run)[:2] == (State.RUNNING, done)
    jobs.replay_ranges()
    assert seen(run)[:2] == (State.DONE, 3)


def test_the_command_replays_a_range_and_says_by_its_exit_code_what_came_of_it(
    deployed: SHA256, post: Post, one_differs: Any, capsys: Any
) -> None:
    ids = ask(post, 3)
    today = f"{clock.now():%Y-%m-%d}"
    call_command("replay_predictions", "--from", today, "--to", today)
    assert "3 predictions, 3 identical" in capsys.readouterr().out
    one_differs(ids[1])
    with pytest.raises(SystemExit) as ended:
        call_command("replay_predictions", "--model", deployed["live"])
    assert ended.value.code == 1
    assert ids[1] in capsys.readouterr().out
    files.path_of(deployed["live"], kind="model").unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("replay_predictions", "--path", "live")
    assert ended.value.code == 2
    with pytest.raises(CommandError):
        call_command("replay_predictions", "--model", "0" * 64)


def test_a_thousand_predictions_are_replayed_in_few_queries(
    deployed: SHA256, post: Post, django_assert_max_num_queries: Any
) -> None:
    ask(post, 1000)
    run = request()
    with django_assert_max_num_queries(80):
        jobs.replay_ranges()
    assert seen(run) == (State.DONE, 1000, 1000, 0, 0)
    assert Prediction.objects.count() == 1000
