"""Another key for the log: both sign for a while, and what was proven before stays proven."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command

from ledger import keys, note
from ledger.actions.rotating import statement
from ledger.keys import CannotUseKey, Key, verify_ed25519
from ledger.models import Checkpoint, Entry, LogKey
from ledger.tests.logs import own_keys, seal

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

# PostgreSQL seals only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    own_keys(tmp_path / "keys", settings)
    return tmp_path / "keys"


def rotate(now: datetime = NOW, *args: str) -> str:
    said = StringIO()
    with patch("lib.clock.now", return_value=now):
        call_command("rotate_ledger_key", *args, stdout=said, stderr=StringIO())
    return said.getvalue().strip()


def signed_by(checkpoint: Checkpoint, vkeys: Sequence[str]) -> list[str]:
    """Return those of these keys that alone are enough to believe the checkpoint."""
    parsed = note.parse_note(checkpoint.note)
    found = []
    for vkey in vkeys:
        try:
            note.check_note(parsed, [note.Verifier.parse(vkey)], verify_ed25519)
        except note.WrongNote:
            continue
        found.append(vkey)
    return found


def first_key() -> str:
    seal(NOW - timedelta(days=1))
    return LogKey.objects.get().vkey


def test_for_90_days_either_key_is_enough_and_then_only_the_new_one() -> None:
    old = first_key()
    before = Checkpoint.objects.get()
    new = rotate()
    assert signed_by(before, [old, new]) == [old]
    assert signed_by(seal(NOW + timedelta(days=1)), [old, new]) == [old, new]
    assert signed_by(seal(NOW + timedelta(days=89)), [old, new]) == [old, new]
    assert signed_by(seal(NOW + timedelta(days=91)), [old, new]) == [new]
    # What was signed before the rotation still is.
    assert signed_by(Checkpoint.objects.get(pk=before.pk), [old]) == [old]


def test_the_current_key_signs_first_and_the_log_keeps_its_name() -> None:
    old = first_key()
    new = rotate()
    first = note.parse_note(seal(NOW + timedelta(days=1)).note).signatures[0]
    assert first.key_id == note.Verifier.parse(new).key_id
    assert keys.name_of(new) == keys.name_of(old)


def test_the_log_says_so_with_both_signatures() -> None:
    old = first_key()
    new = rotate()
    entry = Entry.objects.get(kind="ledger.key_rotated")
    details = json.loads(entry.content())["details"]
    assert (details["old_vkey"], details["new_vkey"]) == (old, new)
    said = note.parse_note(details["statement"])
    assert said.text == statement(old_vkey=old, new_vkey=new)
    for vkey in (old, new):
        assert note.check_note(said, [note.Verifier.parse(vkey)], verify_ed25519)
    with pytest.raises(note.WrongNote):
        note.parse_checkpoint(said.text)


def test_a_further_rotation_goes_on_from_the_new_key() -> None:
    first = first_key()
    second = rotate()
    third = rotate(NOW + timedelta(days=30))
    assert signed_by(seal(NOW + timedelta(days=31)), [first, second, third]) == [
        first,
        second,
        third,
    ]
    assert signed_by(seal(NOW + timedelta(days=100)), [first, second, third]) == [second, third]


def test_a_key_that_was_destroyed_after_the_rotation_signs_no_more(folder: Path) -> None:
    old = first_key()
    new = rotate()
    (folder / "0001.key").unlink()
    assert signed_by(seal(NOW + timedelta(days=1)), [old, new]) == [new]


def test_a_key_that_was_never_announced_signs_nothing(folder: Path) -> None:
    old = first_key()
    orphan = Key.new(keys.name_of(old))
    keys.add(folder=folder, key=orphan)
    assert signed_by(seal(NOW), [old, orphan.vkey]) == [old]
    # The next try announces that one instead of making a third.
    assert rotate() == orphan.vkey
    assert len(list(folder.iterdir())) == 2


def test_keys_of_the_environment_are_rotated_there(settings: Any, folder: Path) -> None:
    one = Key.new("shelf.example.com/ledger")
    settings.LEDGER_KEY = one.text()
    assert first_key() == one.vkey
    with pytest.raises(CommandError, match="SHELFMARK_LEDGER_KEY still holds the key"):
        rotate()
    two = Key.parse(rotate(NOW, "--print-new-key"), source="the command")
    settings.LEDGER_KEY, settings.LEDGER_KEY_PREVIOUS = two.text(), one.text()
    # Nothing changes before it is announced.
    assert signed_by(seal(NOW), [one.vkey, two.vkey]) == [one.vkey]
    assert rotate() == two.vkey
    assert signed_by(seal(NOW + timedelta(days=1)), [one.vkey, two.vkey]) == [one.vkey, two.vkey]
    assert not folder.exists()


def test_a_log_whose_key_is_gone_signs_nothing_and_makes_no_other(folder: Path) -> None:
    old = first_key()
    (folder / "0001.key").unlink()
    with pytest.raises(CannotUseKey, match="Restore it from its backup"):
        seal(NOW)
    assert list(folder.iterdir()) == []
    with pytest.raises(CommandError, match="Restore it from its backup"):
        rotate()
    new = rotate(NOW, "--lost")
    assert signed_by(seal(NOW + timedelta(days=1)), [old, new]) == [new]
    details = json.loads(Entry.objects.get(kind="ledger.key_rotated").content())["details"]
    assert len(note.parse_note(details["statement"]).signatures) == 1


def test_a_key_that_is_there_is_not_lost() -> None:
    first_key()
    with pytest.raises(CommandError, match="not lost"):
        rotate(NOW, "--lost")


def test_a_log_without_a_key_has_none_to_rotate() -> None:
    with pytest.raises(CommandError, match="no key yet"):
        rotate()
    with pytest.raises(CommandError, match="no key yet"):
        call_command("show_ledger_key")


def test_the_keys_that_sign_are_shown_the_current_one_first() -> None:
    old = first_key()
    new = rotate()
    out, err = StringIO(), StringIO()
    with patch("lib.clock.now", return_value=NOW + timedelta(days=1)):
        call_command("show_ledger_key", stdout=out, stderr=err)
    assert out.getvalue().split() == [new, old]
    assert "signs until 2027-02-18 09:00 UTC" in err.getvalue()
    out = StringIO()
    with patch("lib.clock.now", return_value=NOW + timedelta(days=91)):
        call_command("show_ledger_key", stdout=out, stderr=StringIO())
    assert out.getvalue().split() == [new]
