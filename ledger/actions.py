"""Writing into the ledger.

An entry is written in the transaction of what it tells about. If it cannot be written,
that did not happen either.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from ledger.models import Entry
from lib.ids import uuid7
from lib.rows import insert

FORMAT = "shelfmark-entry/1"
# A transparency log writes the length of an entry in two bytes (C2SP tlog-tiles).
MOST_BYTES = 65_535
_KEY = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_LARGEST = 2**53 - 1

_NOT_JSON = "An entry holds objects, lists, text, whole numbers, true, false and null, not {}."


class CannotRecord(Exception):
    """The details do not fit into an entry. This is a mistake of the caller."""


def encode_entry(
    *,
    uuid: UUID,
    kind: str,
    actor: str,
    subject: str,
    at: datetime,
    details: dict[str, object],
) -> bytes:
    """Return the canonical JSON (RFC 8785) that stands for an entry.

    Equal entries have equal bytes: keys are sorted and ASCII, there is no white space, and
    there are no floats, whose spelling is the one hard part of the standard.
    """
    body = {
        "format": FORMAT,
        "id": str(uuid),
        "kind": kind,
        "actor": actor,
        "subject": subject,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "details": details,
    }
    _check(details)
    try:
        encoded = json.dumps(
            body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
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


def build(
    kind: str,
    *,
    actor: str,
    subject: str,
    now: datetime,
    uuid: UUID | None = None,
    **details: object,
) -> Entry:
    """Return an entry that is not written yet, for `record_many`."""
    uuid = uuid or uuid7()
    body = encode_entry(uuid=uuid, kind=kind, actor=actor, subject=subject, at=now, details=details)
    return Entry(uuid=uuid, kind=kind, subject=subject, actor=actor, at=now, body=body)


def record(
    kind: str,
    *,
    actor: str,
    subject: str,
    now: datetime,
    uuid: UUID | None = None,
    **details: object,
) -> Entry:
    """Write one entry. Call it inside the transaction of what the entry tells about."""
    entry = build(kind, actor=actor, subject=subject, now=now, uuid=uuid, **details)
    _check_transaction()
    entry.save(force_insert=True)
    return entry


def record_many(entries: Sequence[Entry]) -> None:
    """Write entries, of `build` or with bodies in formats of their own.

    Call it inside the transaction they tell about. The entries do not learn their keys.
    """
    _check_transaction()
    insert(entries)


def _check_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise CannotRecord("Record an entry inside the transaction of what it tells about.")


@transaction.atomic
def note_export(
    *, what: str, filters: Sequence[tuple[str, str]], rows: int, by: str, now: datetime
) -> None:
    """Write down that somebody takes rows away, before the first of them leaves."""
    record(
        f"{what}.exported",
        actor=by,
        subject=what,
        now=now,
        filters=[{"name": name, "value": value} for name, value in filters],
        rows=rows,
    )
