"""Whoever writes a product or a category, however: the feed has a row about it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lib.triggers import Statements, operation

_TABLES = {"product": "inventory_product", "category": "inventory_category"}
_ROWS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def add_xid(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    # What Django does not know: the transaction that wrote a row, by which the feed is read.
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "ALTER TABLE sync_touched ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id()"
        )
        editor.execute("CREATE INDEX sync_touched_by_xid ON sync_touched (xid, id)")


def drop_xid(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE sync_touched DROP COLUMN xid")


def _name(table: str, done: str) -> str:
    return f"{table}_touched_{done.lower()}"


def _sqlite(collection: str, table: str) -> list[str]:
    return [
        f'CREATE TRIGGER {_name(table, done)} AFTER {done} ON "{table}" BEGIN '
        'INSERT INTO sync_touched (collection, "row", mark, at) VALUES '
        f"('{collection}', {row}.id, random(), strftime('%Y-%m-%d %H:%M:%f000', 'now')); END"
        for done, row in _ROWS.items()
    ]


def _postgresql(collection: str, table: str) -> list[str]:
    # Once for a statement: an import writes thousands of rows with each. What is named without its
    # schema is no table but what the statement wrote, and that comes before all tables.
    return [
        f"CREATE FUNCTION {table}_touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        'INSERT INTO public.sync_touched (collection, "row", mark, at) '
        f"SELECT '{collection}', id, floor(random() * 9007199254740992)::bigint, "
        "statement_timestamp() FROM written; RETURN NULL; END $$",
        *(
            f'CREATE TRIGGER {_name(table, done)} AFTER {done} ON "{table}" '
            f"REFERENCING {row} TABLE AS written FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {table}_touched()"
            for done, row in _ROWS.items()
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]

    operations = [
        migrations.RunPython(add_xid, drop_xid),
        operation(
            sqlite=Statements(
                [sql for names in _TABLES.items() for sql in _sqlite(*names)],
                [f"DROP TRIGGER {_name(one, done)}" for one in _TABLES.values() for done in _ROWS],
            ),
            postgresql=Statements(
                [sql for names in _TABLES.items() for sql in _postgresql(*names)],
                [
                    *(
                        f'DROP TRIGGER {_name(one, done)} ON "{one}"'
                        for one in _TABLES.values()
                        for done in _ROWS
                    ),
                    *(f"DROP FUNCTION {one}_touched()" for one in _TABLES.values()),
                ],
            ),
        ),
    ]
