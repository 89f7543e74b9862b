"""Checkpoints leave the house: a file and a mail per day.

Whoever rewrites the log afterwards would have to rewrite those as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage

from ledger import actions, log, note, witness
from ledger.models import CheckpointSent

_BODY = """\
This is today's checkpoint of the ledger {origin}: {size} entries, and a digest over all of them,
signed. Keep it. Whoever changes or removes one of these entries later cannot produce a log that
fits it. Save the attached file and ask for the proof:

    GET /api/v1/ledger/consistency?from={size}

{note}"""


class CannotCopy(Exception):
    """A checkpoint did not leave the house. The message says which way and why."""


def copy_out(*, now: datetime) -> None:
    """Send the latest checkpoint the ways that are set up and that it has not gone today.

    One way that fails does not hold up the other. Raise CannotCopy when all were tried.
    """
    checkpoint = log.latest_checkpoint()
    if checkpoint is None:
        return
    day, text = now.date(), checkpoint.cosigned()
    ways: list[tuple[str, Callable[[], None]]] = []
    if settings.CHECKPOINT_DIR:
        ways.append(("file", partial(write, Path(settings.CHECKPOINT_DIR), day, text)))
    if settings.CHECKPOINT_MAIL:
        ways.append(("mail", partial(mail, settings.CHECKPOINT_MAIL, day, text)))
    wrong = []
    for way, go in ways:
        if CheckpointSent.objects.filter(way=way, day=day).exists():
            continue
        try:
            go()
        except OSError as error:  # those of smtplib are such errors too
            wrong.append(f"The checkpoint did not leave by {way}: {error}")
        else:
            actions.note_copy(checkpoint=checkpoint, way=way, day=day, now=now)
    if wrong:
        raise CannotCopy("\n".join(wrong))


def write(folder: Path, day: date, text: str) -> None:
    """Write the file of this day, unless there is one: what has been written stays."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"checkpoint-{day:%Y-%m-%d}.txt"
    unfinished = folder / f".{target.name}.{uuid4().hex}"
    try:
        with unfinished.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces.
        os.link(unfinished, target)
    except FileExistsError:
        return
    finally:
        unfinished.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def mail(to: list[str], day: date, text: str) -> None:
    """Send the checkpoint. Twice does no harm."""
    head = note.parse_checkpoint(note.parse_note(text).text)
    message = EmailMessage(
        subject=f"Checkpoint of {head.origin}, {day:%Y-%m-%d}: {head.size} entries",
        body=_BODY.format(origin=head.origin, size=head.size, note=text),
        to=to,
    )
    # As bytes: a text may be broken into other lines on its way.
    message.attach(f"checkpoint-{day:%Y-%m-%d}.txt", text.encode(), "application/octet-stream")
    message.send()


def shortcomings(*, now: datetime) -> list[str]:
    """Return what is missing, in sentences, so that a rewritten log would be found out."""
    found = []
    if not settings.CHECKPOINT_DIR:
        found.append("No file of each day's checkpoint is kept: set SHELFMARK_CHECKPOINT_DIR.")
    if not settings.CHECKPOINT_MAIL:
        found.append("No mail with each day's checkpoint is sent: set SHELFMARK_CHECKPOINT_MAIL.")
    if not settings.WITNESSES:
        found.append("No witness cosigns the checkpoints: set SHELFMARK_WITNESSES.")
    wanted = {"file": settings.CHECKPOINT_DIR, "mail": settings.CHECKPOINT_MAIL}
    for way in (way for way, to in wanted.items() if to):
        last = CheckpointSent.objects.filter(way=way).order_by("-day").first()
        if last is None:
            found.append(f"No checkpoint has left by {way} yet.")
        elif (now.date() - last.day).days > 1:
            found.append(f"The last checkpoint that left by {way} is that of {last.day}.")
    return found + witness.shortcomings(now=now)
