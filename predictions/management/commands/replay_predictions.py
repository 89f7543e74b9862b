"""`manage.py replay_predictions`: replay all predictions of a range, here and now."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import clock
from predictions import replay_runs
from predictions.actions.replays import request_replay
from predictions.models import Path, ReplayRun
from predictions.replay import Models
from registry.management.people import person
from registry.models import ModelVersion

DIFFERENT, IMPOSSIBLE = 1, 2
MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Replay every prediction of a range, and show how far it is. What is not identical is "
        "kept as a finding. Exits with 0 if all are identical, 1 if one is different, 2 if one "
        "cannot be replayed and none is different. It can be interrupted: a job finishes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="since", type=_day, metavar="DAY", help="2026-11-20")
        parser.add_argument("--to", dest="until", type=_day, metavar="DAY", help="included")
        parser.add_argument("--model", metavar="SHA256", help="only what this model answered")
        parser.add_argument("--path", choices=Path.values, default="", help="only this path")
        parser.add_argument("--by", metavar="USER", help="whose replay the ledger calls it")

    def handle(
        self,
        *,
        since: datetime | None,
        until: datetime | None,
        model: str | None,
        path: str,
        by: str | None,
        verbosity: int,
        **options: Any,
    ) -> None:
        if model and not ModelVersion.objects.filter(pk=model).exists():
            raise CommandError(f"No model {model} is registered.", returncode=IMPOSSIBLE)
        now = clock.now()
        run = request_replay(
            since=since,
            until=until + timedelta(days=1) if until else now,
            version_id=model,
            path=path,
            by=person(by, may="ledger.audit") if by else None,
            now=now,
        )
        models = Models()
        while run.is_open:
            run = replay_runs.go_on(run, models=models, now=clock.now())
            if verbosity:
                self._show(run)
        self._report(run)
        if run.different:
            sys.exit(DIFFERENT)
        if run.impossible or run.state == ReplayRun.State.FAILED:
            sys.exit(IMPOSSIBLE)

    def _show(self, run: ReplayRun) -> None:
        if self.stderr.isatty():
            part = run.done / run.total if run.total else 1.0
            bar = "█" * round(min(part, 1.0) * 30)
            self.stderr.write(f"\r{bar:░<30} {run.done:,} of {run.total:,}", ending="")
            self.stderr.flush()

    def _report(self, run: ReplayRun) -> None:
        if self.stderr.isatty():
            self.stderr.write("")
        for finding in run.findings.order_by("pk")[:MOST_SHOWN]:
            self.stdout.write(f"{finding.prediction_id}: {finding.outcome}: {finding.what}")
        if (more := run.different + run.impossible - MOST_SHOWN) > 0:
            self.stdout.write(f"… and {more:,} more, on the page of replay {run.pk}.")
        self.stdout.write(
            f"Replay {run.pk}: {run.done:,} predictions, {run.identical:,} identical, "
            f"{run.different:,} different, {run.impossible:,} cannot be replayed."
        )


def _day(text: str) -> datetime:
    """Return the beginning of a day, in UTC as everything here."""
    return datetime.combine(date.fromisoformat(text), time(), UTC)
