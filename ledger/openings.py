"""Reading what commitments were made over, where it has not been erased."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ledger.commitments import actor_salt, actor_value, commitment
from ledger.models import Entry, Opening, Secret


@dataclass(frozen=True, slots=True)
class Opened:
    """What opens one commitment."""

    value: Any
    salt: bytes
    # The bytes that were committed to.
    data: bytes


def opened(entry: UUID) -> dict[str, Opened]:
    """Return what opens the commitments of an entry, by part.

    The part "actor" is the user who did it. What was erased is missing.
    """
    found = parts([entry]).get(entry, {})
    row = Entry.objects.filter(uuid=entry).first()
    actor = row.actor_id if row else None
    secret = Secret.objects.filter(user_id=actor).first() if actor is not None else None
    if row is not None and actor is not None and secret is not None:
        value = actor_value(actor)
        salt = actor_salt(bytes(secret.secret), entry)
        # Whoever was erased and acts again has another secret. It opens what came after only.
        if commitment(salt, value).encode() in row.content():
            found = {**found, "actor": Opened(json.loads(value), salt, value)}
    return dict(found)


def parts(entries: Iterable[UUID]) -> Mapping[UUID, dict[str, Opened]]:
    """Return the openings of many entries in one query, without their actors."""
    found: dict[UUID, dict[str, Opened]] = {}
    for row in Opening.objects.filter(entry__in=list(entries)):
        value = bytes(row.value)
        found.setdefault(row.entry, {})[row.part] = Opened(
            json.loads(value), bytes(row.salt), value
        )
    return found
