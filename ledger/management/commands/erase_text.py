from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import actions
from ledger.management.scrubbing import scrub
from lib import clock


class Command(BaseCommand):
    help = "Erase what was asked, and what else is kept apart, of single entries of the log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "ids", nargs="+", type=UUID, metavar="ID", help="of predictions or other entries"
        )
        parser.add_argument("--reason", required=True, help="kept for ever: name nobody here")

    def handle(self, *, ids: list[UUID], reason: str, **options: Any) -> None:
        try:
            count = actions.erase_text(entries=ids, reason=reason, by=None, now=clock.now())
        except actions.CannotErase as error:
            raise CommandError(str(error)) from error
        if count:
            scrub(self.stderr)
        self.stdout.write(f"Erased the text of {count} of {len(ids)} entries.")
