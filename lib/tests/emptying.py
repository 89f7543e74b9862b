"""A pytest plugin: tests that commit may empty the tables again, append-only ones too.

Django ends such a test by deleting every row, which the triggers rightly refuse. So they
are taken off for that one transaction, here in the tests and nowhere else.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connection


def without_triggers(tables: Sequence[str], statements: list[str]) -> list[str]:
    quote = connection.ops.quote_name
    if connection.vendor == "postgresql":
        return [
            *(f"ALTER TABLE {quote(table)} DISABLE TRIGGER USER" for table in tables),
            *statements,
            *(f"ALTER TABLE {quote(table)} ENABLE TRIGGER USER" for table in tables),
        ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
    return [
        *(f"DROP TRIGGER {quote(name)}" for name, _ in triggers),
        *statements,
        *(sql for _, sql in triggers),
    ]


@pytest.fixture(autouse=True, scope="session")
def tables_can_be_emptied_after_a_test() -> Iterator[None]:
    operations: Any = type(connection.ops)
    sql_flush = operations.sql_flush

    def flush(self: Any, style: Any, tables: Sequence[str], **options: Any) -> list[str]:
        return without_triggers(tables, sql_flush(self, style, tables, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", flush)
        yield
