from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import actions, keys
from ledger.keys import CannotUseKey, Key
from lib import clock

_NO_KEY = (
    "This log has no key yet, so there is none to replace. The first one is made when the job "
    "runner seals the log for the first time: `python manage.py run_jobs`."
)
_SET_IT_FIRST = (
    "SHELFMARK_LEDGER_KEY still holds the key that signs now. Make another with "
    "`python manage.py rotate_ledger_key --print-new-key`, set SHELFMARK_LEDGER_KEY to it and "
    "SHELFMARK_LEDGER_KEY_PREVIOUS to the one from before, and type this again."
)


class Command(BaseCommand):
    help = "Give the log another key. The old one signs beside it for 90 days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--print-new-key",
            action="store_true",
            help="only print a new private key, for SHELFMARK_LEDGER_KEY",
        )
        parser.add_argument(
            "--lost",
            action="store_true",
            help="the old private key is lost for ever: go on without its signature",
        )

    def handle(self, *, print_new_key: bool, lost: bool, **options: Any) -> None:
        known = keys.public_keys()
        if not known:
            raise CommandError(_NO_KEY)
        try:
            if print_new_key:
                self.stdout.write(Key.new(keys.name_of(known[0].vkey)).text())
                return
            old, new = self._keys(known, lost=lost)
            actions.rotate_key(new=new, old=old, by=None, now=clock.now())
        except (CannotUseKey, actions.CannotRotate) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(new.vkey)
        self.stderr.write(
            "This is the log's new verifier key. Hand it to everybody who checks the log, and "
            "keep a copy of the private key. Until 90 days from now the old key signs too."
            if old
            else "This is the log's new verifier key. The old one did not vouch for it: tell "
            "everybody who checks the log, by another way than the log, that it was lost."
        )

    def _keys(self, known: list[keys.PublicKey], *, lost: bool) -> tuple[Key | None, Key]:
        """Return the key of now, None if it is lost, and the one that is to come."""
        held = keys.held(create=False)
        old = next((key for key in held if key.vkey == known[0].vkey), None)
        if old is None and not lost:
            raise CannotUseKey(keys.lacks(known[0].vkey))
        if old is not None and lost:
            raise CommandError("The old key is not lost, it is here. Leave out --lost.")
        # In the folder, one that an earlier try has made and not come round to announce.
        ever = {public.vkey for public in known}
        new = held[0] if held and held[0].vkey not in ever else None
        if new is None and settings.LEDGER_KEY:
            raise CommandError(_SET_IT_FIRST)
        if new is None:
            new = Key.new(keys.name_of(known[0].vkey))
            keys.add(folder=settings.LEDGER_KEYS_DIR, key=new)
        return old, new
