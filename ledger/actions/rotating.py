"""Another key for the log, announced by the old one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ledger import keys, note
from ledger.actions.recording import record
from ledger.keys import Key
from ledger.models import Entry, LogKey

STATEMENT = "shelfmark-key-rotation/1"


class CannotRotate(Exception):
    """The message is fit to show to the person who asked."""


@transaction.atomic
def rotate_key(*, new: Key, old: Key | None, by: int | None, now: datetime) -> Entry:
    """Let `new` sign checkpoints from now on, beside the key that signed until now.

    The entry holds a signed note in which both keys say so. `old` may be None only when that
    key is lost: then nobody but us says that the new one belongs to this log. Two rotations at
    the same moment do no harm: the later key becomes the current one.
    """
    current = keys.public_keys()[0]
    if old is not None and old.vkey != current.vkey:
        raise CannotRotate(f"This log is signed by {current.vkey}, not by {old.vkey}.")
    if LogKey.objects.filter(vkey=new.vkey).exists():
        raise CannotRotate(f"{new.vkey} is a key of this log already.")
    if new.name != keys.name_of(current.vkey):
        raise CannotRotate(f"A log keeps its name, and {new.name} is another one.")
    text = statement(old_vkey=current.vkey, new_vkey=new.vkey)
    lines = [
        note.sign(text, name=key.name, key_id=key.key_id, signature=key.sign(text.encode()))
        for key in (new, old)
        if key is not None
    ]
    LogKey.objects.create(vkey=new.vkey, since=now)
    return record(
        "ledger.key_rotated",
        actor=by,
        subject="ledger",
        now=now,
        old_vkey=current.vkey,
        new_vkey=new.vkey,
        statement=note.signed(text, lines),
    )


def statement(*, old_vkey: str, new_vkey: str) -> str:
    """Return what both keys sign at a rotation. Its first line is the name of no log."""
    return f"{STATEMENT}\n{old_vkey}\n{new_vkey}\n"
