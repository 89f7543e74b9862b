"""Bring database, static files, people, catalogue and live model into being, in one process.

Runs inside the virtual environment: `python -m tools.prepare DONE TOTAL FILE`, where FILE
receives the demo sign-ins and DONE of TOTAL steps went before.
"""

import io
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from tools import stamps
from tools.console import ROOT, VAR, Steps, main, say
from tools.model import CARD

CATALOGUE = ROOT / "data" / "raw" / "products.csv"
# Products that came in today and that nobody has categorized: the models do, or leave them to
# the reviewers.
ARRIVALS = ROOT / "data" / "arrivals.csv"


def prepare() -> None:
    done, total, told = int(sys.argv[1]) - 1, int(sys.argv[2]), Path(sys.argv[3])
    VAR.mkdir(exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    steps = Steps(total, done=done)
    with steps.step("Database tables"):
        call_command("migrate", interactive=False, verbosity=0)
    with steps.step("Static files"):
        _collect_static()
    with steps.step("Roles and demo people"):
        _ensure_people(told)
    with steps.step("Demo catalogue"):
        _import_catalogue()
    with steps.step("Live model"):
        call_command("register_model", str(CARD.parent), "--seed")


def _collect_static() -> None:
    if settings.STATIC_ROOT is None:
        say("    Served from where they lie.")
        return
    wanted = stamps.digest(
        [ROOT / "static", ROOT / "frontend" / "dist", ROOT / "requirements.txt"],
        str(settings.STATIC_ROOT),
    )
    if Path(settings.STATIC_ROOT).is_dir() and stamps.is_done("static", wanted):
        say("    Already collected.")
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamps.mark_done("static", wanted)


def _ensure_people(told: Path) -> None:
    from accounts.models import User

    call_command("create_roles")
    # Their passwords follow from the secret key, and hashing six of them takes seconds.
    wanted = stamps.digest(
        [ROOT / "accounts"], settings.SECRET_KEY, str(settings.DATABASES["default"]["NAME"])
    )
    if told.exists() and stamps.is_done("people", wanted) and User.objects.exists():
        say("    The demo people are already there.")
        return
    people = io.StringIO()
    call_command("create_demo_people", stdout=people)
    _write_private(told, people.getvalue())
    stamps.mark_done("people", wanted)


def _import_catalogue() -> None:
    from inventory.models import Product

    wanted = stamps.digest([CATALOGUE, ARRIVALS], str(settings.DATABASES["default"]["NAME"]))
    # The stamp alone would lie after somebody deleted the database.
    if stamps.is_done("catalogue", wanted) and Product.objects.exists():
        say("    Already imported.")
        return
    call_command("import_products", str(CATALOGUE))
    call_command("import_products", str(ARRIVALS))
    stamps.mark_done("catalogue", wanted)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main(prepare)
