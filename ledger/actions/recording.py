"""Writing into the ledger.

An entry is written in the transaction of what it tells about. If it cannot be written,
that did not happen either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from ledger.commitments import actor_salt, actor_value, canonical, commitment
from ledger.models import Entry, Opening, Secret
from lib.ids import uuid7
from lib.rows import insert, insert_values
from lib.salts import salt

FORMAT = "shelfmark-entry/2"
# A transparency log writes the length of an entry in two bytes (C2SP tlog-tiles).
MOST_BYTES = 65_535
_KEY = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_LARGEST = 2**53 - 1

_NOT_JSON = "An entry holds objects, lists, text, whole numbers, true, false and null, not {}."


class CannotRecord(Exception):
    """The details do not fit into an entry. This is a mistake of the caller."""


OpeningRow = tuple[UUID, str, int | None, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Built:
    """An entry that is not written yet, and what opens its commitments."""

    entry: Entry
    # Rows of Opening: entry, part, about, salt, value.
    openings: Sequence[OpeningRow] = ()


def encode_entry(
    *,
    uuid: UUID,
    kind: str,
    actor: str | None,
    subject: str,
    at: datetime,
    details: Mapping[str, object],
    private: str | None = None,
) -> bytes:
    """Return the canonical JSON (RFC 8785) that stands for an entry.

    `actor` and `private` are commitments. Equal entries have equal bytes: keys are sorted and
    ASCII, there is no white space, and there are no floats, whose spelling is the one hard part
    of the standard.
    """
    _check(details)
    return _encoded(
        {
            "format": FORMAT,
            "id": str(uuid),
            "kind": kind,
            "actor": actor,
            "subject": subject,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "details": details,
            "private": private,
        }
    )


def _encoded(value: object) -> bytes:
    try:
        encoded = canonical(value)
    except UnicodeEncodeError as error:
        raise CannotRecord("Half of a surrogate pair has no UTF-8 form.") from error
    if len(encoded) > MOST_BYTES:
        raise CannotRecord(f"An entry has at most {MOST_BYTES} bytes, this has {len(encoded)}.")
    return encoded


def _check(value: object) -> None:
    match value:
        case None | str() | bool():
            pass
        case int():
            if abs(value) > _LARGEST:
                raise CannotRecord(f"Write {value} as text: not every reader of JSON can hold it.")
        case dict():
            for key, item in value.items():
                if not isinstance(key, str) or not _KEY.fullmatch(key):
                    raise CannotRecord(f"{key!r} is not a key: use a to z, digits and _.")
                _check(item)
        case list() | tuple():
            for item in value:
                _check(item)
        case _:
            raise CannotRecord(_NOT_JSON.format(type(value).__name__))


# The secrets of persons that are surely in the database, by their keys.
_secrets: dict[int, bytes] = {}


def secret_of(user_id: int) -> bytes:
    """Return what commitments to this person are salted with; make it if there is none yet."""
    known = _secrets.get(user_id)
    if known is not None:
        return known
    row, _ = Secret.objects.get_or_create(user_id=user_id, defaults={"secret": salt()})
    secret = bytes(row.secret)
    # What this transaction has made may still be undone.
    transaction.on_commit(partial(_secrets.__setitem__, user_id, secret))
    return secret


def forget_secrets() -> None:
    """Look secrets up again. For tests, and for whoever has just erased one."""
    _secrets.clear()


def build(
    kind: str,
    *,
    actor: int | None,
    subject: str,
    now: datetime,
    uuid: UUID | None = None,
    private: Mapping[str, object] | None = None,
    about: int | None = None,
    **details: object,
) -> Built:
    """Return an entry that is not written yet, for `record_many`.

    `actor` is the key of the user who did it, None for the program itself. `details` are facts
    for everybody who may read the log, for ever: no names, no free text. Those belong into
    `private`, of which the log holds a commitment only; `about` says whose data they are.
    """
    uuid = uuid or uuid7()
    openings: list[OpeningRow] = []
    closed = None
    if private is not None:
        _check(private)
        fresh, value = salt(), _encoded(private)
        closed = commitment(fresh, value)
        openings.append((uuid, "details", about, fresh, value))
    body = encode_entry(
        uuid=uuid,
        kind=kind,
        actor=commitment_to(actor, entry=uuid),
        subject=subject,
        at=now,
        details=details,
        private=closed,
    )
    entry = Entry(uuid=uuid, kind=kind, subject=subject, actor_id=actor, at=now, body=body)
    return Built(entry, openings)


def commitment_to(user_id: int | None, *, entry: UUID) -> str | None:
    """Return what the body of an entry says of who did it."""
    if user_id is None:
        return None
    return commitment(actor_salt(secret_of(user_id), entry), actor_value(user_id))


def record(
    kind: str,
    *,
    actor: int | None,
    subject: str,
    now: datetime,
    uuid: UUID | None = None,
    private: Mapping[str, object] | None = None,
    about: int | None = None,
    **details: object,
) -> Entry:
    """Write one entry, as `build` describes it.

    Call it inside the transaction of what the entry tells about.
    """
    _check_transaction()
    built = build(
        kind,
        actor=actor,
        subject=subject,
        now=now,
        uuid=uuid,
        private=private,
        about=about,
        **details,
    )
    built.entry.save(force_insert=True)
    insert_values(Opening, built.openings)
    return built.entry


def record_many(entries: Sequence[Built]) -> None:
    """Write entries, of `build` or with bodies in formats of their own.

    Call it inside the transaction they tell about. The entries do not learn their keys.
    """
    _check_transaction()
    insert([one.entry for one in entries])
    insert_values(Opening, [opening for one in entries for opening in one.openings])


def _check_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise CannotRecord("Record an entry inside the transaction of what it tells about.")


@transaction.atomic
def note_export(
    *, what: str, filters: Sequence[tuple[str, str]], rows: int, by: int, now: datetime
) -> None:
    """Write down that somebody takes rows away, before the first of them leaves."""
    record(
        f"{what}.exported",
        actor=by,
        subject=what,
        now=now,
        # What somebody searched for may be a name.
        private={"filters": [{"name": name, "value": value} for name, value in filters]},
        rows=rows,
    )
