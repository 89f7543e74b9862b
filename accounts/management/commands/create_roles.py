from typing import Any

from django.core.management.base import BaseCommand

from accounts import actions
from accounts.roles import ROLES


class Command(BaseCommand):
    help = "Create the roles, or bring their permissions up to date. Safe to repeat."

    def handle(self, **options: Any) -> None:
        actions.create_roles(roles=ROLES)
        if options["verbosity"]:
            self.stdout.write(f"Roles: {', '.join(ROLES)}.")
