"""Each day a checkpoint leaves the house, as a file and by mail."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from ledger import actions, copies, note
from ledger.keys import Key
from ledger.models import CheckpointSent
from ledger.tests.logs import own_keys, seal

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)

# PostgreSQL seals only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    own_keys(tmp_path / "keys", settings)
    settings.CHECKPOINT_DIR = str(tmp_path / "out")
    settings.CHECKPOINT_MAIL = ["auditor@example.com", "court@example.com"]
    return tmp_path / "out"


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_each_day_has_a_file_with_the_checkpoint_of_then(folder: Path) -> None:
    first = seal(NOW)
    copies.copy_out(now=NOW)
    second = seal(NOW + DAY)
    copies.copy_out(now=NOW + DAY)
    assert files(folder) == {
        "checkpoint-2026-11-20.txt": first.note,
        "checkpoint-2026-11-21.txt": second.note,
    }


def test_a_file_that_is_there_is_never_written_over(folder: Path) -> None:
    seal(NOW)
    folder.mkdir()
    (folder / "checkpoint-2026-11-20.txt").write_text("what was there")
    copies.copy_out(now=NOW)
    assert files(folder) == {"checkpoint-2026-11-20.txt": "what was there"}


def test_a_second_run_on_one_day_sends_nothing(folder: Path) -> None:
    first = seal(NOW)
    copies.copy_out(now=NOW)
    seal(NOW + timedelta(hours=1))
    copies.copy_out(now=NOW + timedelta(hours=1))
    assert files(folder) == {"checkpoint-2026-11-20.txt": first.note}
    assert len(mail.outbox) == 1
    assert CheckpointSent.objects.count() == 2


def test_a_file_that_could_not_be_finished_leaves_nothing_behind(folder: Path) -> None:
    seal(NOW)
    with (
        patch("ledger.copies.os.fsync", side_effect=OSError(28, "No space left on device")),
        pytest.raises(copies.CannotCopy, match=r"by file: .*No space left"),
    ):
        copies.copy_out(now=NOW)
    assert files(folder) == {}
    copies.copy_out(now=NOW)
    assert list(files(folder)) == ["checkpoint-2026-11-20.txt"]


def test_the_mail_holds_the_exact_bytes_and_says_what_to_do_with_them() -> None:
    checkpoint = seal(NOW, entries=3)
    copies.copy_out(now=NOW)
    (message,) = mail.outbox
    assert message.to == ["auditor@example.com", "court@example.com"]
    assert "2026-11-20: 3 entries" in message.subject
    assert checkpoint.note in message.body
    assert "/api/v1/ledger/consistency?from=3" in message.body
    ((name, data, _),) = message.attachments
    assert (name, data) == ("checkpoint-2026-11-20.txt", checkpoint.note.encode())


def test_a_way_that_is_blocked_does_not_hold_up_the_other(folder: Path) -> None:
    seal(NOW)
    folder.parent.joinpath("out").write_text("a file where the folder belongs")
    with pytest.raises(copies.CannotCopy, match="by file"):
        copies.copy_out(now=NOW)
    assert len(mail.outbox) == 1
    os.unlink(folder)
    copies.copy_out(now=NOW)
    assert len(mail.outbox) == 1
    assert list(files(folder)) == ["checkpoint-2026-11-20.txt"]


def test_a_mail_server_that_is_away_is_tried_again(folder: Path) -> None:
    seal(NOW)
    with (
        patch("django.core.mail.EmailMessage.send", side_effect=ConnectionRefusedError("refused")),
        pytest.raises(copies.CannotCopy, match="by mail: refused"),
    ):
        copies.copy_out(now=NOW)
    copies.copy_out(now=NOW)
    assert len(mail.outbox) == 1


def test_nothing_leaves_where_nothing_is_set_up(folder: Path, settings: Any) -> None:
    settings.CHECKPOINT_DIR, settings.CHECKPOINT_MAIL = "", []
    seal(NOW)
    copies.copy_out(now=NOW)
    assert not mail.outbox
    assert not folder.exists()
    said = " ".join(copies.shortcomings(now=NOW))
    for name in ("SHELFMARK_CHECKPOINT_DIR", "SHELFMARK_CHECKPOINT_MAIL", "SHELFMARK_WITNESSES"):
        assert name in said


def test_what_has_not_left_for_long_is_said(settings: Any) -> None:
    key = Key.new("w").public
    settings.WITNESSES = [("https://w", note.Verifier("w", note.COSIGNATURE, key).vkey)]
    assert copies.shortcomings(now=NOW) == [
        "No checkpoint has left by file yet.",
        "No checkpoint has left by mail yet.",
    ]
    seal(NOW)
    copies.copy_out(now=NOW)
    witness = ["The witness w has not cosigned a checkpoint yet."]
    assert copies.shortcomings(now=NOW + DAY) == witness
    assert copies.shortcomings(now=NOW + 2 * DAY) == [
        "The last checkpoint that left by file is that of 2026-11-20.",
        "The last checkpoint that left by mail is that of 2026-11-20.",
        *witness,
    ]


def test_before_the_first_checkpoint_there_is_nothing_to_send() -> None:
    copies.copy_out(now=NOW)
    assert not mail.outbox
    with pytest.raises(CommandError, match="no checkpoint yet"):
        call_command("print_checkpoint")


def test_the_checkpoint_is_printed_byte_for_byte() -> None:
    checkpoint = seal(NOW)
    out = StringIO()
    call_command("print_checkpoint", stdout=out)
    assert out.getvalue() == checkpoint.note


def test_what_witnesses_wrote_is_printed_and_sent_too(folder: Path) -> None:
    checkpoint = seal(NOW)
    line = "\u2014 witness.example.com AAAAAAAA\n"
    actions.keep_cosignature(checkpoint=checkpoint, name="witness", line=line, now=NOW)
    out = StringIO()
    call_command("print_checkpoint", stdout=out)
    copies.copy_out(now=NOW)
    assert out.getvalue() == checkpoint.note + line
    assert files(folder)["checkpoint-2026-11-20.txt"] == checkpoint.note + line


def test_a_qr_code_is_drawn_in_the_terminal_and_into_a_file(tmp_path: Path) -> None:
    checkpoint = seal(NOW)
    out, svg = StringIO(), tmp_path / "checkpoint.svg"
    call_command("print_checkpoint", "--qr", svg=svg, stdout=out)
    drawn = out.getvalue().removeprefix(checkpoint.note)
    assert set("█▄▀") <= set(drawn)
    picture = ElementTree.parse(svg).getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    # Square: the terminal shows two rows of the code in a line, with the same border.
    assert picture.attrib["width"] == picture.attrib["height"]


def test_a_picture_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    seal(NOW)
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        call_command("print_checkpoint", svg=tmp_path / "nowhere" / "x.svg", stdout=StringIO())
