import base64
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.crypto import salted_hmac

from accounts import actions
from accounts.roles import DEMO_PEOPLE
from lib import clock


class Command(BaseCommand):
    help = "Create the people of the demonstration and print how they sign in. Safe to repeat."

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "This makes people whose passwords are printed. If that is what you want, set "
                "SHELFMARK_DEMO=True."
            )
        for username, (display_name, role) in DEMO_PEOPLE.items():
            password = _password(username)
            actions.create_person(
                username=username,
                display_name=display_name,
                role=role,
                password=password,
                now=clock.now(),
            )
            self.stdout.write(f"{username:6} {password}  {role.replace('_', ' ')}")


def _password(username: str) -> str:
    """Return a password that follows from the secret key.

    It is the same at every start, different in every installation, and stored nowhere.
    """
    digest = salted_hmac("shelfmark.demo-people", username, algorithm="sha256").digest()
    letters = base64.b32encode(digest).decode().lower()
    return "-".join(letters[i : i + 5] for i in (0, 5, 10))
