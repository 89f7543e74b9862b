"""The holes in "append-only by trigger", each tried the way an attacker would."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from ledger.actions import record
from ledger.models import Entry

NOW = datetime(2026, 11, 20, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> Entry:
    return record("model.approved", actor="bob", subject="abc", now=NOW, reason="Good enough.")


def attack(sql: str, *values: int | str | bytes | UUID) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, values)


def untouched(entry: Entry) -> bool:
    return Entry.objects.get(uuid=entry.uuid).content() == entry.content()


def test_an_entry_cannot_be_changed(entry: Entry) -> None:
    attack("UPDATE ledger_entry SET actor = 'alice' WHERE id = %s", entry.pk)
    assert untouched(entry)


def test_an_entry_cannot_be_changed_through_the_orm(entry: Entry) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Entry.objects.update(actor="alice")
    assert untouched(entry)


def test_an_entry_cannot_be_deleted(entry: Entry) -> None:
    attack("DELETE FROM ledger_entry WHERE id = %s", entry.pk)
    assert untouched(entry)


def test_all_entries_cannot_be_deleted_at_once(entry: Entry) -> None:
    attack("DELETE FROM ledger_entry")
    assert untouched(entry)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has INSERT OR REPLACE")
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize("same", ["id", "uuid"])
def test_an_entry_cannot_be_replaced(entry: Entry, same: str, recursive: str) -> None:
    # A connection that is not ours has not switched recursive_triggers on.
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers={recursive}")
    row: dict[str, int | str] = {"id": entry.pk + 1, "uuid": "0" * 32}
    row[same] = entry.pk if same == "id" else entry.uuid.hex
    attack(
        "INSERT OR REPLACE INTO ledger_entry (id, uuid, kind, subject, actor, at, body)"
        " VALUES (%s, %s, 'x', 'x', 'mallory', '2026-01-01', x'00')",
        row["id"],
        row["uuid"],
    )
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers=ON")
    assert untouched(entry)
    assert Entry.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has UPDATE OR REPLACE")
def test_an_entry_cannot_be_pushed_out_by_another(entry: Entry) -> None:
    record("model.approved", actor="bob", subject="def", now=NOW)
    attack("UPDATE OR REPLACE ledger_entry SET id = %s WHERE subject = 'def'", entry.pk)
    assert untouched(entry)


def test_an_upsert_does_not_change_an_entry(entry: Entry) -> None:
    uuid = entry.uuid if connection.vendor == "postgresql" else entry.uuid.hex
    attack(
        "INSERT INTO ledger_entry (uuid, kind, subject, actor, at, body)"
        " VALUES (%s, 'x', 'x', 'mallory', '2026-01-01', %s)"
        " ON CONFLICT (uuid) DO UPDATE SET actor = 'mallory'",
        uuid,
        b"\0",
    )
    assert untouched(entry)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
@pytest.mark.parametrize("how", ["", " CASCADE", " RESTART IDENTITY"])
def test_the_table_cannot_be_truncated(entry: Entry, how: str) -> None:
    attack(f"TRUNCATE ledger_entry{how}")
    assert untouched(entry)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL needs no such setting")
def test_each_connection_switches_recursive_triggers_on() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone() == (1,)
