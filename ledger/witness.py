"""Witnesses: others who sign a checkpoint once they have seen that it continues the last one.

This is the log's side of C2SP tlog-witness. A witness that is away costs a minute's wait in a
lane of its own and holds up nothing.
"""

from __future__ import annotations

import base64
import http.client
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings

from ledger import actions, keys, log, note, tree
from ledger.models import Checkpoint, Cosignature
from lib import clock

_SECONDS = 10.0
_MOST_BYTES = 65_536
_LATE = timedelta(hours=1)


class NotCosigned(Exception):
    """The message says which witness did not sign and why."""


def ask_all() -> None:
    """Let each witness sign the latest checkpoint, if it has not yet.

    All are asked before what went wrong is raised as NotCosigned.
    """
    checkpoint = log.latest_checkpoint()
    if checkpoint is None:
        return
    wrong = []
    for address, vkey in settings.WITNESSES:
        try:
            ask(address=address, vkey=vkey, checkpoint=checkpoint)
        except NotCosigned as error:
            wrong.append(str(error))
        except (OSError, http.client.HTTPException) as error:
            wrong.append(f"The witness at {address} does not answer: {error!r}.")
        except note.WrongNote as error:
            wrong.append(f"The witness at {address} did not sign as it must: {error}")
    if wrong:
        raise NotCosigned("\n".join(wrong))


def ask(*, address: str, vkey: str, checkpoint: Checkpoint) -> None:
    """Get this witness's signature below the checkpoint and keep it."""
    verifier = note.Verifier.parse(vkey)
    if checkpoint.cosignatures.filter(name=verifier.name).exists():
        return
    old = _last_seen(verifier.name)
    status, body = _post(address, _request(old, checkpoint))
    if status == 409:
        # It tells from where to go on.
        old = _after_conflict(body, old=old, size=checkpoint.size, name=verifier.name)
        status, body = _post(address, _request(old, checkpoint))
    if status == 409:
        # Unless it just saw something newer, which the next round will lead on from.
        _after_conflict(body, old=old, size=checkpoint.size, name=verifier.name)
    if status == 200:
        line = _line(body, checkpoint, verifier)
        actions.keep_cosignature(
            checkpoint=checkpoint, name=verifier.name, line=line, now=clock.now()
        )
        return
    if status == 422:
        raise NotCosigned(
            f"The witness {verifier.name} says that this log does not continue what it saw of it "
            f"at {old} entries. Find out who rewrote the log before you trust it again."
        )
    raise NotCosigned(f"The witness at {address} answered {status}: {body[:200]!r}")


def _last_seen(name: str) -> int:
    seen = Cosignature.objects.filter(name=name).order_by("-checkpoint__size")
    return seen.values_list("checkpoint__size", flat=True).first() or 0


def _request(old: int, checkpoint: Checkpoint) -> bytes:
    proof = tree.consistency_proof(old, checkpoint.size, log.read)
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    return ("\n".join(lines) + "\n\n" + checkpoint.note).encode()


def _after_conflict(body: str, *, old: int, size: int, name: str) -> int:
    """Return the size from which the witness wants to be led on."""
    told = body.strip()
    if not (told.isascii() and told.isdigit() and len(told) < 20):
        raise NotCosigned(f"The witness {name} answered 409 without a size: {body[:200]!r}")
    if int(told) > size:
        raise NotCosigned(
            f"The witness {name} has seen {told} entries of this log, which has {size}. Either "
            "the database was set back, or somebody else signs with this log's key."
        )
    if int(told) == old:
        raise NotCosigned(
            f"The witness {name} has seen another log of {told} entries under this name. Find "
            "out who rewrote the log, or who else signs with its key."
        )
    return int(told)


def _line(body: str, checkpoint: Checkpoint, verifier: note.Verifier) -> str:
    """Return the witness's line, verified. Raise WrongNote."""
    text = note.parse_note(checkpoint.note).text
    cosigned = note.parse_note(f"{text}\n{body}")
    note.check_note(cosigned, [verifier], keys.verify_ed25519)
    mine = next(
        one
        for one in cosigned.signatures
        if (one.name, one.key_id) == (verifier.name, verifier.key_id)
    )
    return note.sign(text, name=mine.name, key_id=mine.key_id, signature=mine.signature)


def _post(address: str, body: bytes) -> tuple[int, str]:
    """Send the request and return status and text. Redirects are not followed."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
    try:
        connection.request(
            "POST",
            f"{parts.path}/add-checkpoint",
            body,
            {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "shelfmark"},
        )
        response = connection.getresponse()
        # As much as anybody has to say, and no more.
        text = response.read(_MOST_BYTES).decode("utf-8", errors="replace")
        return response.status, text
    finally:
        connection.close()


def shortcomings(*, now: datetime) -> list[str]:
    """Return which witnesses have not signed lately, in sentences."""
    latest = log.latest_checkpoint()
    found: list[str] = []
    if latest is None:
        return found
    for _, vkey in settings.WITNESSES:
        name = keys.name_of(vkey)
        last = Cosignature.objects.filter(name=name).order_by("-pk").first()
        if last is None:
            found.append(f"The witness {name} has not cosigned a checkpoint yet.")
        elif last.checkpoint_id != latest.pk and now - last.at > _LATE:
            found.append(f"The witness {name} last cosigned at {last.at:%Y-%m-%d %H:%M} UTC.")
    return found
