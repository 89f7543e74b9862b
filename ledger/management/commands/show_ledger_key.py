from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import keys
from lib import clock


class Command(BaseCommand):
    help = "Print the verifier keys (vkeys) that sign the log now, the current one first."

    def handle(self, **options: Any) -> None:
        known = keys.public_keys()
        if not known:
            raise CommandError(
                "This log has no key yet. The first one is made when the job runner seals the "
                "log for the first time: `python manage.py run_jobs`."
            )
        now = clock.now()
        for key in known:
            if key.until is None or now < key.until:
                self.stdout.write(key.vkey)
            if key.until is not None:
                verb = "signs" if now < key.until else "signed"
                self.stderr.write(f"{key.vkey} {verb} until {key.until:%Y-%m-%d %H:%M} UTC.")
