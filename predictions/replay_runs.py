"""Going through a range of predictions, a chunk at a time, for the job and for the command."""

from __future__ import annotations

from datetime import datetime

from predictions.actions import code_commit
from predictions.actions.replays import note_replays
from predictions.models import ReplayRun
from predictions.replay import Models, replay, stored

# Few enough that nobody waits for the transaction that notes them.
TOGETHER = 200


def oldest_open() -> ReplayRun | None:
    return ReplayRun.objects.filter(state__in=ReplayRun.OPEN).order_by("pk").first()


def go_on(run: ReplayRun, *, models: Models, now: datetime) -> ReplayRun:
    """Replay the next chunk of a run, and return the run as it is then.

    Two who do this at once do the work twice, and only one of them notes it.
    """
    found = run.range().order_by("pk")
    if run.cursor is not None:
        found = found.filter(pk__gt=run.cursor)
    ids = list(found.values_list("pk", flat=True)[: TOGETHER + 1])
    chunk = ids[:TOGETHER]
    code = code_commit()
    replays = [(kept.id, replay(kept, find=models.get, code=code)) for kept in stored(chunk)]
    note_replays(
        run_id=run.pk, after=run.cursor, replays=replays, is_last=len(ids) <= TOGETHER, now=now
    )
    run.refresh_from_db()
    return run
