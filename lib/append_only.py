"""Triggers that keep the rows of a table as they were written.

They stop mistakes and everybody who can only reach the database through a connection. They
do not stop the owner of the file or the database, who can drop them.
"""

from collections.abc import Sequence

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunPython


def append_only(
    table: str, *, unique: Sequence[str | tuple[str, ...]] = ("id",), unless: str | None = None
) -> RunPython:
    """Return the migration operation that makes `table` append-only.

    `unique` lists what no two rows may share, the primary key among them: columns, or several
    together. On SQLite, INSERT OR REPLACE would delete the row it collides with, and no DELETE
    trigger fires for that unless each connection asks for it; so an INSERT that collides is
    refused before it can. `unless` is a condition on OLD under which a row may be deleted.
    """

    def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        statements: Sequence[str] = _SQLITE if vendor == "sqlite" else _POSTGRESQL
        if unless is not None and vendor != "sqlite":
            statements = _POSTGRESQL_UNLESS
        for statement in statements:
            editor.execute(
                statement.format(
                    table=table,
                    collides=" OR ".join(map(_equal, unique)),
                    stays="" if unless is None else f"WHEN NOT ({unless}) ",
                    unless=unless,
                ),
                params=None,
            )

    def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        statements: Sequence[str] = _SQLITE_BACK if vendor == "sqlite" else _POSTGRESQL_BACK
        if unless is not None and vendor != "sqlite":
            statements = _POSTGRESQL_UNLESS_BACK
        for statement in statements:
            editor.execute(statement.format(table=table), params=None)

    return RunPython(forwards, backwards)


def taken_off(triggers: RunPython) -> RunPython:
    """Return the operation that takes these triggers off, for a change of the table below them."""
    assert triggers.reverse_code is not None
    return RunPython(triggers.reverse_code, triggers.code)


def _equal(columns: str | tuple[str, ...]) -> str:
    if isinstance(columns, str):
        return f'"{columns}" = NEW."{columns}"'
    return "(" + " AND ".join(f'"{name}" = NEW."{name}"' for name in columns) + ")"


_SQLITE = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON "{table}" """
    """BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON "{table}" {stays}"""
    """BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
    """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON "{table}" """
    """WHEN EXISTS (SELECT 1 FROM "{table}" WHERE {collides}) """
    """BEGIN SELECT RAISE(ABORT, '{table} is append-only: UNIQUE constraint failed'); END""",
)
_SQLITE_BACK = (
    "DROP TRIGGER {table}_no_update",
    "DROP TRIGGER {table}_no_delete",
    "DROP TRIGGER {table}_no_replace",
)
_POSTGRESQL_FUNCTION = (
    """CREATE OR REPLACE FUNCTION shelfmark_append_only() RETURNS trigger LANGUAGE plpgsql AS """
    """$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME """
    """USING ERRCODE = 'restrict_violation'; END $$"""
)
_POSTGRESQL_TRUNCATE = (
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON "{table}" """
    """FOR EACH STATEMENT EXECUTE FUNCTION shelfmark_append_only()"""
)
_POSTGRESQL = (
    _POSTGRESQL_FUNCTION,
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON "{table}" """
    """FOR EACH ROW EXECUTE FUNCTION shelfmark_append_only()""",
    _POSTGRESQL_TRUNCATE,
)
_POSTGRESQL_BACK = (
    """DROP TRIGGER {table}_no_change ON "{table}" """,
    """DROP TRIGGER {table}_no_truncate ON "{table}" """,
)
# A condition in WHEN could not look at another table.
_POSTGRESQL_UNLESS = (
    _POSTGRESQL_FUNCTION,
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE ON "{table}" """
    """FOR EACH ROW EXECUTE FUNCTION shelfmark_append_only()""",
    """CREATE FUNCTION {table}_no_delete() RETURNS trigger LANGUAGE plpgsql AS """
    """$$ BEGIN IF {unless} THEN RETURN OLD; END IF; """
    """RAISE EXCEPTION '% is append-only', TG_TABLE_NAME """
    """USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON "{table}" """
    """FOR EACH ROW EXECUTE FUNCTION {table}_no_delete()""",
    _POSTGRESQL_TRUNCATE,
)
_POSTGRESQL_UNLESS_BACK = (
    *_POSTGRESQL_BACK,
    """DROP TRIGGER {table}_no_delete ON "{table}" """,
    """DROP FUNCTION {table}_no_delete()""",
)
