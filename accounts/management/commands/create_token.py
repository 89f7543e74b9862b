from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import actions
from accounts.models import User
from lib import clock


class Command(BaseCommand):
    help = "Make an API token for a person and print it, once. Only its digest is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--days", type=int, help="how long it lasts (SHELFMARK_TOKEN_DAYS)")

    def handle(self, *, username: str, days: int | None, **options: Any) -> None:
        if days is not None and not 1 <= days <= 3650:
            raise CommandError("Write --days as a number from 1 to 3650.")
        try:
            user = User.objects.get(username=username)
        except User.DoesNotExist as error:
            raise CommandError(f"There is nobody called {username}.") from error
        _, text = actions.create_token(
            user=user,
            by=user,
            now=clock.now(),
            lifetime=timedelta(days=days) if days else None,
        )
        self.stdout.write(text)
