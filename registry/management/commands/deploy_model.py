"""`manage.py deploy_model SHA256 --by USER`: an approved model answers from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib.clock import now
from registry import actions
from registry.management.people import person
from registry.models import ModelVersion


class Command(BaseCommand):
    help = "Let an approved model answer in place of the one that does now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sha256", help="the digest that register_model printed")
        parser.add_argument("--by", metavar="USER", required=True, help="who deploys it")

    def handle(self, *args: Any, **options: Any) -> None:
        by = person(options["by"], may="registry.deploy_modelversion")
        try:
            deployment = actions.deploy(sha256=options["sha256"], by=by, now=now())
        except ModelVersion.DoesNotExist:
            raise CommandError(f"No model {options['sha256']} is registered.") from None
        except actions.CannotDeploy as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{deployment.role}: {deployment.version_id}")
