"""Triggers that keep the rows of a table as they were written.

They stop mistakes and everybody who can only reach the database through a connection. They
do not stop the owner of the file or the database, who can drop them.
"""

from collections.abc import Sequence

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunPython


def append_only(table: str, *, unique: Sequence[str] = ("id",)) -> RunPython:
    """Return the migration operation that makes `table` append-only.

    `unique` lists the columns that no two rows may share, the primary key among them. On
    SQLite, INSERT OR REPLACE would delete the row it collides with, and no DELETE trigger
    fires for that unless each connection asks for it; so an INSERT that collides is refused
    before it can.
    """

    def forwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        statements = _SQLITE if vendor == "sqlite" else _POSTGRESQL
        collides = " OR ".join(f'"{column}" = NEW."{column}"' for column in unique)
        for statement in statements:
            editor.execute(statement.format(table=table, collides=collides), params=None)

    def backwards(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        statements = _SQLITE_BACK if vendor == "sqlite" else _POSTGRESQL_BACK
        for statement in statements:
            editor.execute(statement.format(table=table), params=None)

    return RunPython(forwards, backwards)


_SQLITE = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON "{table}" """
    """BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON "{table}" """
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
_POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION shelfmark_append_only() RETURNS trigger LANGUAGE plpgsql AS """
    """$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME """
    """USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON "{table}" """
    """FOR EACH ROW EXECUTE FUNCTION shelfmark_append_only()""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON "{table}" """
    """FOR EACH STATEMENT EXECUTE FUNCTION shelfmark_append_only()""",
)
_POSTGRESQL_BACK = (
    """DROP TRIGGER {table}_no_change ON "{table}" """,
    """DROP TRIGGER {table}_no_truncate ON "{table}" """,
)
