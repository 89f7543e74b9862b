"""`manage.py approve_model SHA256 --by USER --reason TEXT`: a second person lets a model answer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib.clock import now
from registry import actions
from registry.management.people import person
from registry.models import ModelVersion


class Command(BaseCommand):
    help = "Approve a registered candidate. Whoever submitted it cannot."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sha256", help="the digest that register_model printed")
        parser.add_argument("--by", metavar="USER", required=True, help="who approves it")
        parser.add_argument("--reason", required=True, help="why it may answer; kept for ever")

    def handle(self, *args: Any, **options: Any) -> None:
        by = person(options["by"], may="registry.approve_modelversion")
        try:
            actions.approve(sha256=options["sha256"], reason=options["reason"], by=by, now=now())
        except ModelVersion.DoesNotExist:
            raise CommandError(f"No model {options['sha256']} is registered.") from None
        except actions.CannotApprove as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['sha256']}: approved")
