"""What the tests of the guards share: reading what was told, and being refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ON_SQLITE = connection.vendor == "sqlite"
# What these have to have, beside what must be unique.
PRODUCT = {"name": "n", "created_at": NOW, "updated_at": NOW}
CATEGORY = {"created_at": NOW, "updated_at": NOW}


def run(sql: str, *values: int | str | UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def raw(uuid: UUID) -> str | UUID:
    """Return a uuid as SQL by hand has it."""
    return uuid.hex if ON_SQLITE else uuid


@contextmanager
def telling(*kinds: str) -> Iterator[list[Entry]]:
    """See to it that exactly entries of these kinds are written, and that they are sound."""
    last = Entry.objects.order_by("pk").values_list("pk", flat=True).last() or 0
    told: list[Entry] = []
    yield told
    told += Entry.objects.filter(pk__gt=last).order_by("pk")
    assert [entry.kind for entry in told] == list(kinds)
    for entry in told:
        body = json.loads(entry.content())
        assert entry.content() == rfc8785.dumps(body)
        assert body["format"] == "shelfmark-entry/2"
        assert body["id"] == str(entry.uuid)
        assert (body["kind"], body["subject"]) == (entry.kind, entry.subject)
        assert datetime.fromisoformat(body["at"]) == entry.at
    connection.check_constraints()


@contextmanager
def refused(match: str = "") -> Iterator[None]:
    with telling(), pytest.raises(DatabaseError, match=match), transaction.atomic():
        yield
        connection.check_constraints()


def details(entry: Entry) -> Any:
    return json.loads(entry.content())["details"]
