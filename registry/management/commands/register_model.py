"""`manage.py register_model FOLDER`: make the models of a release known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from lib.clock import now
from registry import actions
from registry.release import UnusableRelease, read_release


class Command(BaseCommand):
    help = (
        "Verify a release folder, keep its files by digest and register its models as candidates."
    )
    # A damaged model file fails the checks, and this command is what repairs it.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder that holds card.json")
        parser.add_argument("--by", metavar="USER", help="who submits it")
        parser.add_argument(
            "--seed",
            action="store_true",
            help="also approve and deploy it, recorded as the seed state of a new installation",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            release = read_release(options["folder"], commit=settings.COMMIT)
        except UnusableRelease as error:
            raise CommandError(str(error)) from error
        moment = now()
        by = self._person(options["by"], is_seed=options["seed"])
        if options["seed"]:
            try:
                started = actions.plant(release=release, by=by, now=moment)
            except (actions.CannotApprove, actions.CannotDeploy) as error:
                raise CommandError(str(error)) from error
            for deployment in started:
                self.stdout.write(f"{deployment.role}: {deployment.version_id} (seed state)")
            if not started:
                self.stdout.write("Other models answer, or these do already; nothing changed.")
        else:
            for version in actions.register(release=release, by=by, now=moment):
                self.stdout.write(f"{version.kind}: {version.sha256} ({version.status})")

    def _person(self, username: str | None, *, is_seed: bool) -> User:
        if username is None and is_seed:
            return actions.robot()
        if username is None:
            raise CommandError("Say who submits this release: add --by USER.")
        try:
            return User.objects.get(username=username)
        except User.DoesNotExist:
            raise CommandError(f"There is nobody called {username}.") from None
