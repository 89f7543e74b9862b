from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import actions
from accounts.models import User
from ledger.actions import CannotErase
from ledger.management.scrubbing import scrub
from lib import clock


class Command(BaseCommand):
    help = "Erase a person: the account keeps its number and loses everything else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="kept for ever: name nobody here")

    def handle(self, *, username: str, reason: str, **options: Any) -> None:
        try:
            user = User.objects.get(username=username)
            actions.erase_person(user=user, reason=reason, by=None, now=clock.now())
        except User.DoesNotExist as error:
            raise CommandError(f"There is nobody called {username}.") from error
        except CannotErase as error:
            raise CommandError(str(error)) from error
        scrub(self.stderr)
        self.stdout.write(f"Erased. The account is now called erased-{user.pk}.")
