"""`manage.py replay_prediction ID [ID …]`: does the model still say what the receipt says?"""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import clock
from predictions.actions.replays import replay_prediction
from predictions.models import Prediction, ReplayOutcome
from predictions.replay import in_words
from registry.management.people import person

DIFFERENT, IMPOSSIBLE = 1, 2


class Command(BaseCommand):
    help = (
        "Ask the very model of a prediction the very question again and compare. Exits with 0 if "
        "all are identical, 1 if one is different, 2 if one cannot be replayed and none is "
        "different."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", type=UUID, metavar="ID", help="of the receipt")
        parser.add_argument("--by", metavar="USER", help="whose replay the ledger calls it")

    def handle(self, *, ids: list[UUID], by: str | None, **options: Any) -> None:
        user = person(by, may="ledger.audit") if by else None
        outcomes = set()
        for one in ids:
            try:
                replayed = replay_prediction(prediction_id=one, by=user, now=clock.now())
            except Prediction.DoesNotExist:
                raise CommandError(
                    f"There is no prediction {one}.", returncode=IMPOSSIBLE
                ) from None
            outcomes.add(replayed.outcome)
            for line in in_words(replayed):
                self.stdout.write(f"{one}: {line}")
        if ReplayOutcome.DIFFERENT in outcomes:
            sys.exit(DIFFERENT)
        if ReplayOutcome.IMPOSSIBLE in outcomes:
            sys.exit(IMPOSSIBLE)
