"""Triggers that migrations make, and whether the database still has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.apps.registry import Apps
from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunPython
from django.db.migrations.operations.base import Operation


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL that makes triggers, and SQL that takes them away again."""

    forwards: Sequence[str]
    backwards: Sequence[str]


def operation(*, sqlite: Statements, postgresql: Statements) -> RunPython:
    """Return the migration operation that runs these statements."""

    def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        _run(editor, _of(editor).forwards)

    def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        _run(editor, _of(editor).backwards)

    def _of(editor: BaseDatabaseSchemaEditor) -> Statements:
        return sqlite if editor.connection.vendor == "sqlite" else postgresql

    return RunPython(forwards, backwards)


def aside_on_the_way_back(*operations: Operation) -> list[Operation]:
    """Return these operations so that triggers survive when they are undone.

    To take a column away, SQLite's table is made anew: that drops its triggers, and fails over
    those of other tables that name it.
    """
    kept: list[str] = []

    def take_off(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "sqlite":
            with editor.connection.cursor() as cursor:
                cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                found = cursor.fetchall()
            kept[:] = [sql for _, sql in found]
            _run(editor, [f"DROP TRIGGER {name}" for name, _ in found])

    def put_back(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        _run(editor, kept)

    return [
        RunPython(RunPython.noop, put_back),
        *operations,
        RunPython(RunPython.noop, take_off),
    ]


def sees_no_temporary_tables(*functions: str) -> RunPython:
    """Return the migration operation for functions that name tables without their schema.

    On PostgreSQL a temporary table, which anybody may make, would come before the one meant.
    """
    return operation(
        sqlite=Statements([], []),
        postgresql=Statements(
            [f"ALTER FUNCTION {name}() SET search_path = public, pg_temp" for name in functions],
            [f"ALTER FUNCTION {name}() RESET search_path" for name in functions],
        ),
    )


def _run(editor: BaseDatabaseSchemaEditor, statements: Sequence[str]) -> None:
    for statement in statements:
        # None: a percent sign is one.
        editor.execute(statement, params=None)


def missing() -> list[str]:
    """Return the triggers that the applied migrations made and that are gone or different.

    What migrations made is what they say when they are run once more, by a pen that only notes
    it down.
    """
    pen: Any = _Pen(_Vendor(connection.vendor, connection.alias))
    models: Any = _NoModels()
    executor = MigrationExecutor(connection)
    applied = executor.loader.applied_migrations
    leaves = executor.loader.graph.leaf_nodes()
    for migration, _ in executor.migration_plan(leaves, clean_start=True):
        if (migration.app_label, migration.name) not in applied:
            continue
        for step in migration.operations:
            if isinstance(step, RunPython):
                # One that asks for a model is about rows, not about triggers.
                with suppress(_WritesRows):
                    step.code(models, pen)
    found = _on_sqlite() if connection.vendor == "sqlite" else _on_postgresql()
    tables = set(connection.introspection.table_names())
    return sorted(
        f"{kind} {name} is {'gone' if (kind, name) not in found else 'not what it was'}."
        for (kind, name), wanted in pen.made.items()
        if (wanted[0] in tables or kind == "function") and found.get((kind, name)) != wanted
    )


class _WritesRows(Exception):
    pass


class _NoModels:
    def get_model(self, *names: str) -> NoReturn:
        raise _WritesRows


@dataclass(frozen=True, slots=True)
class _Vendor:
    vendor: str
    alias: str


@dataclass(frozen=True, slots=True)
class _Pen:
    """In place of a schema editor."""

    connection: _Vendor
    made: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def execute(self, sql: str, params: object = None) -> None:
        sql = sql.strip()
        if match := re.match(r"DROP (TRIGGER|FUNCTION) (\w+)", sql):
            self.made.pop((match[1].lower(), match[2]), None)
        elif match := re.match(r"CREATE TRIGGER (\w+)", sql):
            self.made["trigger", match[1]] = _trigger(sql, self.connection.vendor)
        elif match := re.match(r"CREATE (?:OR REPLACE )?FUNCTION (\w+).*?\$\$(.*)\$\$", sql, re.S):
            self.made["function", match[1]] = (match[2],)


# Three spellings of one trigger: ours, with or without quotes, and PostgreSQL's.
_TRIGGER = re.compile(
    r"CREATE TRIGGER \w+ (?P<when>BEFORE|AFTER) (?P<events>.+?) ON (?:public\.)?\"?(?P<table>\w+)"
    r"\"? (?P<seen>REFERENCING \w+ TABLE AS \w+ )?FOR EACH (?P<each>ROW|STATEMENT) "
    r"(?P<only>WHEN .+ )?"
    r"EXECUTE FUNCTION (?:public\.)?(?P<calls>\w+)\(\)",
    re.S,
)
_SQLITE_TABLE = re.compile(r"CREATE TRIGGER \w+ [^;]*? ON \"?(\w+)\"?")


def _trigger(sql: str, vendor: str) -> tuple[str, ...]:
    if vendor == "sqlite":
        match = _SQLITE_TABLE.match(sql)
        return (match[1] if match else "", sql)
    match = _TRIGGER.fullmatch(sql.strip())
    if match is None:
        return ("", sql)
    events = sorted(
        " ".join(sorted(re.findall(r"\w+", event))) for event in match["events"].split(" OR ")
    )
    only = "some" if match["only"] else "all"
    seen = match["seen"] or ""
    return (match["table"], match["when"], *events, seen, match["each"], only, match["calls"])


def _on_sqlite() -> dict[tuple[str, str], tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {("trigger", name): _trigger(sql, "sqlite") for name, sql in cursor.fetchall()}


def _on_postgresql() -> dict[tuple[str, str], tuple[str, ...]]:
    with connection.cursor() as cursor:
        # O: it fires, unless the session is one that applies what a replica was sent.
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger"
            " JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
            " AND relnamespace = 'public'::regnamespace"
        )
        found = {("trigger", name): _trigger(sql, "postgresql") for name, sql in cursor.fetchall()}
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
        return found | {("function", name): (source,) for name, source in cursor.fetchall()}
