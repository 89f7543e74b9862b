"""Predictions are replayed, one at a time or all of a range."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from ledger.actions import record
from predictions.actions.answers import code_commit
from predictions.models import Prediction, ReplayFinding, ReplayOutcome, ReplayRun
from predictions.replay import Models, Replayed, replay, shown, stored

State = ReplayRun.State


def replay_prediction(*, prediction_id: UUID, by: User | None, now: datetime) -> Replayed:
    """Answer again what was answered then, and write down what came of it.

    The model is read from the disk and hashed anew each time. Raise Prediction.DoesNotExist.
    """
    Prediction.objects.values("pk").get(pk=prediction_id)
    # Before the transaction: loading a model takes longer than anybody should hold a lock.
    (kept,) = stored([prediction_id])
    replayed = replay(kept, find=Models().get, code=code_commit())
    with transaction.atomic():
        record(
            "prediction.replayed",
            actor=by.pk if by else None,
            subject=str(prediction_id),
            now=now,
            outcome=str(replayed.outcome),
            reason=replayed.reason,
            differing=[one.field for one in replayed.differences],
            code_then=replayed.code_then,
            code_now=replayed.code_now,
        )
    return replayed


@transaction.atomic
def request_replay(
    *,
    since: datetime | None,
    until: datetime,
    version_id: str | None,
    path: str,
    by: User | None,
    now: datetime,
) -> ReplayRun:
    """Ask that every prediction of a range is replayed. A job does it.

    The range ends at `until`, or now if that lies ahead: what is answered from now on does not
    belong to it.
    """
    run = ReplayRun(
        since=since,
        until=min(until, now),
        version_id=version_id,
        path=path,
        requested_by=by,
        requested_at=now,
        total=0,
    )
    run.total = run.range().count()
    run.save(force_insert=True)
    record(
        "replay.requested",
        actor=by.pk if by else None,
        subject=f"replay:{run.pk}",
        now=now,
        since=since.isoformat() if since else None,
        until=run.until.isoformat(),
        model_sha256=version_id,
        path=path or None,
        total=run.total,
    )
    return run


@transaction.atomic
def note_replays(
    *,
    run_id: int,
    after: UUID | None,
    replays: Sequence[tuple[UUID, Replayed]],
    is_last: bool,
    now: datetime,
) -> bool:
    """Write down what came of the predictions of a run that follow `after`, all or nothing.

    Safe to repeat, and for two who do the same at once: False, and nothing is written, if the run
    is no longer where `after` says.
    """
    run = ReplayRun.objects.select_for_update().get(pk=run_id)
    if not run.is_open or run.cursor != after:
        return False
    _count(run, replays)
    run.state = State.DONE if is_last else State.RUNNING
    run.finished_at = now if is_last else None
    run.save(
        update_fields=[
            "identical", "different", "impossible", "done", "cursor", "state", "finished_at",
        ]
    )  # fmt: skip
    if is_last:
        record(
            "replay.finished",
            actor=None,
            subject=f"replay:{run.pk}",
            now=now,
            done=run.done,
            identical=run.identical,
            different=run.different,
            impossible=run.impossible,
            code=code_commit(),
        )
    return True


def _count(run: ReplayRun, replays: Sequence[tuple[UUID, Replayed]]) -> None:
    """Keep what is not identical, and count the rest."""
    ReplayFinding.objects.bulk_create(
        [
            ReplayFinding(run=run, prediction_id=id, outcome=str(one.outcome), what=_told(one))
            for id, one in replays
            if one.outcome != ReplayOutcome.IDENTICAL
        ]
    )
    outcomes = [one.outcome for _, one in replays]
    run.identical += outcomes.count(ReplayOutcome.IDENTICAL)
    run.different += outcomes.count(ReplayOutcome.DIFFERENT)
    run.impossible += outcomes.count(ReplayOutcome.IMPOSSIBLE)
    run.done += len(replays)
    run.cursor = replays[-1][0] if replays else run.cursor


@transaction.atomic
def give_up_replay(*, run_id: int, why: str, now: datetime) -> None:
    """End a run that cannot go on. What it found so far stays. Safe to repeat."""
    run = ReplayRun.objects.select_for_update().get(pk=run_id)
    if not run.is_open:
        return
    run.state = State.FAILED
    run.finished_at = now
    run.why = why[:500]
    run.save(update_fields=["state", "finished_at", "why"])
    record(
        "replay.failed", actor=None, subject=f"replay:{run.pk}", now=now, done=run.done,
        total=run.total,
    )  # fmt: skip


def _told(replayed: Replayed) -> str:
    """Return what a finding says: the reason, or the fields that differ with both values."""
    if replayed.why is not None:
        return replayed.why
    return "\n".join(
        f"{one.field}: {shown(one.then)} then, {shown(one.now)} now" for one in replayed.differences
    )
