"""Where a tablet stopped reading: what is in a cursor, which is opaque to whoever sends it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from sync.feed import SCHEMA, Collection, Place, Seen

_LARGEST = 2**63
# A cursor has some 200 characters.
LONGEST = 1000


class Unreadable(Exception):
    """This is no cursor that was made here."""


class OtherSchema(Exception):
    """This cursor belongs to a mirror of another format."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was read: the feed up to `place`, or a snapshot that began there, up to `last`."""

    epoch: UUID
    # What the person may do: who may see other things has to read them.
    scope: str
    place: Place
    # The newest row that could be seen: states were read that may be that new.
    seen: Seen
    # In a snapshot: what is being read, and the last key of it that was.
    phase: Collection | None = None
    last: int = 0

    def __str__(self) -> str:
        text = json.dumps(
            {
                "schema": SCHEMA,
                "epoch": self.epoch.hex,
                "scope": self.scope,
                "place": [self.place.xid, self.place.id, self.place.mark],
                "seen": [self.seen.id, self.seen.mark],
                "phase": self.phase,
                "last": self.last,
            },
            separators=(",", ":"),
        )
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what `str` made a text of. Raise Unreadable or OtherSchema."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            told = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if _whole(told["schema"]) != SCHEMA:
                raise OtherSchema
            phase = told["phase"]
            xid, key, mark = told["place"]
            newest, newest_mark = told["seen"]
            return cls(
                epoch=UUID(hex=told["epoch"]),
                scope=str(told["scope"]),
                place=Place(_key(xid), _key(key), _whole(mark)),
                seen=Seen(_key(newest), _whole(newest_mark)),
                phase=None if phase is None else Collection(phase),
                last=_key(told["last"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Unreadable("This is no cursor.") from error

    def moved(self, *, place: Place, seen: Seen) -> Self:
        """Return a cursor that has left the snapshot, if it was in one."""
        return replace(self, place=place, seen=seen, phase=None, last=0)

    def in_snapshot(self, phase: Collection, last: int, *, seen: Seen) -> Self:
        return replace(self, phase=phase, last=last, seen=seen)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _LARGEST:
        raise ValueError(value)
    return value


def _key(value: object) -> int:
    if (key := _whole(value)) < 0:
        raise ValueError(value)
    return key
