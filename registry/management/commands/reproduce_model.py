"""`manage.py reproduce_model SHA256`: make a registered model again and compare every byte.

Training libraries stay out of this process: `python -m tools.reproduce` does the work.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from accounts.models import User
from lib.clock import now
from registry import actions, files, provenance
from registry.models import Deployment, ModelVersion

SHORTEST = 6
# What the ledger keeps of a difference: where it is, not what the cells of a dataset say.
PLACES = ("stage", "path", "offset", "part", "row")


EXIT_CODES = {"different": 1, "impossible": 2}


def cannot_try(sentence: str) -> CommandError:
    """Return the error whose exit code is not that of a model that differs."""
    return CommandError(sentence, returncode=EXIT_CODES["impossible"])


class Command(BaseCommand):
    help = (
        "Make a registered model again from a fresh clone, compare every byte, and write the result"
        " into the ledger. Exit code 0: same bytes. 1: something differs. 2: it could not be tried."
    )
    # A damaged model file fails the checks, and this command is what says where it is damaged.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="its sha256, how that begins, or: live")
        parser.add_argument(
            "--dataset",
            type=Path,
            help="a dataset you were given, to be compared with the recorded",
        )
        parser.add_argument("--by", metavar="USER", help="who asks; kept in the ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        by = self._person(options["by"])
        try:
            version = find(options["version"])
        except DatabaseError as error:
            raise cannot_try(
                "Nothing is registered here: the database has no such table yet. `make run` makes"
                " it. Without it: python3 -m tools.reproduce --card data/model/card.json"
            ) from error
        if not (settings.BASE_DIR / "tools" / "reproduce.py").is_file():
            raise cannot_try(
                "This installation holds no training code. Clone the repository, save the card of"
                " the model and type: python3 -m tools.reproduce --card card.json"
            )
        try:
            files.check(version.sha256, kind=version.kind, size=version.bytes)
        except files.WrongFile as error:
            self.stderr.write(f"The stored file is damaged: {error}")
        verdict = work(told(version), options["dataset"])
        facts = {"commit": verdict["commit"], **(verdict["made"] or {})}
        if difference := verdict["difference"]:
            facts |= {name: difference[name] for name in PLACES}
        actions.note_reproduction(
            sha256=version.sha256, outcome=verdict["outcome"], facts=facts, by=by, now=now()
        )
        if verdict["outcome"] != "same":
            raise CommandError(verdict["sentence"], returncode=EXIT_CODES[verdict["outcome"]])
        self.stdout.write(verdict["sentence"])

    def _person(self, username: str | None) -> User | None:
        if username is None:
            return None
        try:
            return User.objects.get(username=username, is_active=True)
        except User.DoesNotExist:
            raise cannot_try(f"There is nobody called {username}.") from None


def find(name: str) -> ModelVersion:
    """Return the version that answers, or the one whose sha256 begins so. Raise CommandError."""
    if name == "live":
        deployment = Deployment.objects.open().select_related("version").filter(role="live").first()
        if deployment is None:
            raise cannot_try("No model is live.")
        return deployment.version
    if len(name) < SHORTEST:
        raise cannot_try(f"Write at least the first {SHORTEST} digits of the model's sha256.")
    found = list(ModelVersion.objects.filter(pk__startswith=name.lower())[:2])
    if len(found) != 1:
        raise cannot_try(
            f"More than one model begins with {name}: write more digits."
            if found
            else f"No model {name} is registered."
        )
    return found[0]


def told(version: ModelVersion) -> dict[str, Any]:
    """Return what the registry says about a version, for tools.reproduce."""
    try:
        made = provenance.of(version)
        commit, lock = made.commit, made.lock
    except provenance.NothingRecorded:
        commit = lock = None
    kept = json.loads(version.card)["files"].items()
    return {
        "sha256": version.sha256,
        "kind": version.kind,
        "card": version.card,
        "commit": commit,
        "lock": lock,
        "files": {kind: str(files.path_of(file["sha256"], kind=kind)) for kind, file in kept},
    }


def work(registered: dict[str, Any], dataset: Path | None) -> dict[str, Any]:
    """Run tools.reproduce in a process of its own and return its verdict. Raise CommandError."""
    with tempfile.TemporaryDirectory(prefix="shelfmark-registered-") as folder:
        source, result = Path(folder) / "registered.json", Path(folder) / "result.json"
        source.write_text(json.dumps(registered))
        command = [sys.executable, "-m", "tools.reproduce"]
        command += ["--registered", str(source), "--result", str(result)]
        if dataset is not None:
            command += ["--dataset", str(dataset.resolve())]
        # A session of its own: it is told once to stop, by this process, and then puts away what
        # it made.
        child = subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            child.wait()
        except KeyboardInterrupt:
            child.terminate()
            child.wait()
            raise CommandError("Stopped; nothing is left behind.", returncode=130) from None
        finally:
            signal.signal(signal.SIGTERM, before)
        if not result.is_file():
            raise cannot_try(f"It ended with exit code {child.returncode}; see above.")
        return dict(json.loads(result.read_text()))
