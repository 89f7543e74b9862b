"""The holes in "append-only by trigger", each tried the way an attacker would."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, NotSupportedError, connection, transaction

from ledger.actions import record
from ledger.models import Entry, Erasure, Opening, Secret

NOW = datetime(2026, 11, 20, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> Entry:
    return record(
        "model.approved",
        actor=7,
        subject="abc",
        now=NOW,
        private={"reason": "Good enough."},
        role="x",
    )


@pytest.fixture
def opening(entry: Entry) -> Opening:
    return Opening.objects.get(entry=entry.uuid)


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
    attack("UPDATE ledger_entry SET actor_id = 8 WHERE id = %s", entry.pk)
    assert untouched(entry)


def test_an_entry_cannot_be_changed_through_the_orm(entry: Entry) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Entry.objects.update(actor_id=8)
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
        "INSERT OR REPLACE INTO ledger_entry (id, uuid, kind, subject, actor_id, at, body)"
        " VALUES (%s, %s, 'x', 'x', 8, '2026-01-01', x'00')",
        row["id"],
        row["uuid"],
    )
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers=ON")
    assert untouched(entry)
    assert Entry.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has UPDATE OR REPLACE")
def test_an_entry_cannot_be_pushed_out_by_another(entry: Entry) -> None:
    record("model.approved", actor=7, subject="def", now=NOW)
    attack("UPDATE OR REPLACE ledger_entry SET id = %s WHERE subject = 'def'", entry.pk)
    assert untouched(entry)


def test_an_upsert_does_not_change_an_entry(entry: Entry) -> None:
    uuid = entry.uuid if connection.vendor == "postgresql" else entry.uuid.hex
    attack(
        "INSERT INTO ledger_entry (uuid, kind, subject, actor_id, at, body)"
        " VALUES (%s, 'x', 'x', 8, '2026-01-01', %s)"
        " ON CONFLICT (uuid) DO UPDATE SET actor_id = 8",
        uuid,
        b"\0",
    )
    assert untouched(entry)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
@pytest.mark.parametrize("how", ["", " CASCADE", " RESTART IDENTITY", " RESTART IDENTITY CASCADE"])
def test_the_table_cannot_be_truncated(entry: Entry, how: str) -> None:
    for table in ("opening", "secret"):
        attack(f"TRUNCATE ledger_{table}{how}")
    if "CASCADE" in how:
        attack(f"TRUNCATE ledger_entry{how}")
    else:
        # PostgreSQL asks for CASCADE before any trigger: rows elsewhere name entries.
        with (
            pytest.raises(NotSupportedError, match="foreign key"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"TRUNCATE ledger_entry{how}")
    assert untouched(entry)
    assert Opening.objects.filter(entry=entry.uuid).exists()
    assert Secret.objects.filter(user_id=7).exists()


# What may be erased, and only then


def kept(opening: Opening) -> bool:
    row = Opening.objects.get(pk=opening.pk)
    return (bytes(row.salt), bytes(row.value)) == (opening.salt, opening.value)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_opening SET part = 'input'",
        "UPDATE ledger_opening SET about = 8",
        "UPDATE ledger_secret SET user_id = 8",
        "DELETE FROM ledger_opening",
        "DELETE FROM ledger_secret",
    ],
)
def test_what_opens_an_entry_neither_changes_nor_goes(entry: Entry, sql: str) -> None:
    secret = Secret.objects.get(user_id=7)
    opening = Opening.objects.get(entry=entry.uuid)
    attack(sql)
    assert kept(opening)
    assert bytes(Secret.objects.get(user_id=7).secret) == bytes(secret.secret)


def test_what_opens_an_entry_cannot_be_replaced(opening: Opening) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Opening.objects.create(entry=opening.entry, part="details", salt=b"\1" * 32, value=b"{}")
    assert kept(opening)


def test_an_erasure_of_something_else_lets_nothing_go(opening: Opening) -> None:
    Erasure.objects.create(about=8, reason="Asked to.", at=NOW)
    Erasure.objects.create(entry=UUID(int=1), reason="Asked to.", at=NOW)
    attack("DELETE FROM ledger_opening")
    attack("DELETE FROM ledger_secret")
    assert kept(opening)


def test_an_erasure_of_an_entry_lets_go_what_opens_it_and_no_more(
    entry: Entry, opening: Opening
) -> None:
    other = record("model.retired", actor=7, subject="abc", now=NOW, private={"reason": "Old."})
    Erasure.objects.create(entry=entry.uuid, reason="Asked to.", at=NOW)
    Opening.objects.filter(entry=entry.uuid).delete()
    attack("DELETE FROM ledger_opening")
    attack("DELETE FROM ledger_secret")
    assert [one.entry for one in Opening.objects.all()] == [other.uuid]
    assert untouched(entry)


def test_an_erasure_of_a_person_lets_go_what_is_about_them_and_no_more(entry: Entry) -> None:
    record("model.retired", actor=8, subject="a", now=NOW, private={"reason": "Old."}, about=8)
    Erasure.objects.create(about=8, reason="Asked to.", at=NOW)
    Opening.objects.filter(about=8).delete()
    Secret.objects.filter(user_id=8).delete()
    attack("DELETE FROM ledger_opening")
    attack("DELETE FROM ledger_secret")
    assert [one.entry for one in Opening.objects.all()] == [entry.uuid]
    assert [one.user_id for one in Secret.objects.all()] == [7]


def test_that_something_was_erased_cannot_be_unsaid(entry: Entry) -> None:
    Erasure.objects.create(entry=entry.uuid, reason="Asked to.", at=NOW)
    attack("DELETE FROM ledger_erasure")
    attack("UPDATE ledger_erasure SET reason = 'No reason.'")
    assert Erasure.objects.get().reason == "Asked to."


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL needs no such setting")
def test_each_connection_switches_recursive_triggers_on() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone() == (1,)
