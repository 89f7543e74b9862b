"""What is append-only is so in every such table, whichever way somebody tries to change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from accounts.models import User
from config.tests.test_architecture import APPEND_ONLY
from ledger.actions import record
from lib.ids import uuid7
from registry.models import ModelVersion

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ON_SQLITE = connection.vendor == "sqlite"

pytestmark = pytest.mark.django_db

# What a row has to say for the constraints of its table, beside anything at all.
ROWS: dict[str, dict[str, object]] = {
    "accounts.TabletReport": {"kind": "model", "kept": "", "seen": ""},
    "ledger.CheckpointSent": {"way": "file"},
    "ledger.Erasure": {"about": 1},
    "ledger.Opening": {"part": "input"},
    "ledger.Verification": {"is_good": True, "first_bad": "", "faults": 0},
    "predictions.Prediction": {"decision_path": "none", "label": "", "needs_review": True},
    "predictions.ReplayFinding": {"outcome": "different"},
    "predictions.Review": {"outcome": "accepted"},
    "registry.Approval": {"approved_by_id": 0},
    "sync.Change": {"kind": "prediction.skip", "status": "applied", "code": ""},
}
# Their rows are named after entries, which have to be there first.
NAMED = ("Prediction", "Recall", "Review", "Skip", "Change")


def value_of(field: Any) -> object:
    """Return something that fits into a column."""
    if field.null:
        return None
    if field.remote_field:
        return value_of(field.target_field)
    match field.get_internal_type():
        case "DateTimeField" | "DateField":
            return NOW
        case "UUIDField":
            return uuid7()
        case "BinaryField":
            return b"x"
        case "BooleanField":
            return False
        case "CharField" | "TextField":
            return "x"
        case _:
            return 30_000


def fill(model: type[models.Model]) -> models.Model:
    """Write a row that nothing else is there for: foreign keys are only checked at the end."""
    values = {field.attname: value_of(field) for field in model._meta.concrete_fields}
    values |= ROWS.get(model._meta.label, {})
    if model._meta.label == "registry.Approval":
        version = candidate()
        values |= {"version_id": version.pk, "submitted_by_id": version.submitted_by_id}
        values["entry_id"] = uuid7()
    if model.__name__ in NAMED:
        values["id"] = record("x", actor=None, subject="x", now=NOW).uuid
    row = model(**values)
    row.save(force_insert=True)
    return row


def candidate() -> ModelVersion:
    return ModelVersion.objects.create(
        sha256="0" * 64,
        kind="model",
        card="{}",
        dataset_sha256="0" * 64,
        bytes=1,
        golden="{}",
        submitted_by=User.objects.create(username="x"),
        submitted_at=NOW,
    )


@contextmanager
def row_of(label: str) -> Iterator[models.Model]:
    with transaction.atomic():
        yield fill(apps.get_model(label))
        # Before the foreign keys are checked.
        transaction.set_rollback(True)


def attack(sql: str, *values: int | str | UUID) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, values)


def columns(row: models.Model) -> list[str]:
    quote = connection.ops.quote_name
    return [quote(field.column or "") for field in row._meta.concrete_fields]


@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
class TestEveryTable:
    def test_no_row_changes(self, label: str) -> None:
        with row_of(label) as row:
            for column in columns(row):
                attack(f"UPDATE {row._meta.db_table} SET {column} = {column}")

    def test_no_row_goes(self, label: str) -> None:
        with row_of(label) as row:
            attack(f"DELETE FROM {row._meta.db_table}")
            if label == "ledger.Entry":
                return  # Django would first ask who points there.
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                type(row)._default_manager.filter(pk=row.pk)._raw_delete("default")

    def test_no_upsert_changes_a_row(self, label: str) -> None:
        with row_of(label) as row:
            names = columns(row)
            key = connection.ops.quote_name(row._meta.pk.column or "")
            attack(
                f"INSERT INTO {row._meta.db_table} ({', '.join(names)})"
                # SQLite takes ON for that of a join if there is no WHERE.
                f" SELECT {', '.join(names)} FROM {row._meta.db_table} WHERE true"
                f" ON CONFLICT ({key}) DO UPDATE SET {names[-1]} = NULL"
            )

    @pytest.mark.skipif(not ON_SQLITE, reason="only SQLite has OR REPLACE")
    @pytest.mark.parametrize("recursive", ["ON", "OFF"])
    def test_no_row_is_replaced(self, label: str, recursive: str) -> None:
        with row_of(label) as row, connection.cursor() as cursor:
            cursor.execute(f"PRAGMA recursive_triggers={recursive}")
            names = ", ".join(columns(row))
            table = row._meta.db_table
            attack(f"INSERT OR REPLACE INTO {table} ({names}) SELECT {names} FROM {table}")
            attack(f"UPDATE OR REPLACE {table} SET {columns(row)[0]} = {columns(row)[0]}")
            cursor.execute("PRAGMA recursive_triggers=ON")

    @pytest.mark.skipif(not ON_SQLITE, reason="only SQLite has OR REPLACE")
    def test_no_row_is_pushed_out_by_what_must_be_unique(self, label: str) -> None:
        model = apps.get_model(label)
        together = [one.fields for one in model._meta.total_unique_constraints]
        alone = [(field.name,) for field in model._meta.concrete_fields if field.unique]
        with row_of(label) as row, connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers=OFF")
            for names in (*together, *alone):
                same = {model._meta.get_field(name).column for name in names}
                others = [
                    connection.ops.quote_name(field.column)
                    if field.column in same
                    else other(field, connection.ops.quote_name(field.column))
                    for field in model._meta.concrete_fields
                ]
                attack(
                    f"INSERT OR REPLACE INTO {row._meta.db_table} ({', '.join(columns(row))})"
                    f" SELECT {', '.join(others)} FROM {row._meta.db_table}"
                )
            cursor.execute("PRAGMA recursive_triggers=ON")

    @pytest.mark.skipif(ON_SQLITE, reason="only PostgreSQL has TRUNCATE")
    @pytest.mark.parametrize("how", ["CASCADE", "RESTART IDENTITY CASCADE"])
    def test_no_table_is_emptied_at_once(self, label: str, how: str) -> None:
        attack(f"TRUNCATE {apps.get_model(label)._meta.db_table} {how}")


def other(field: Any, column: str) -> str:
    """Return SQL for another value of what must be unique, and the same for all else."""
    if not field.primary_key and not field.unique:
        return column
    is_number = isinstance(field, models.IntegerField)
    return f"{column} + 1" if is_number else f"{column} || 'x'"
