"""A sealed log for tests that look at it from outside."""

from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction

from ledger import actions
from ledger.models import Checkpoint
from lib.tests.emptying import without_triggers


def own_keys(folder: Path, settings: Any) -> None:
    """Keep the keys of this test in this folder."""
    settings.LEDGER_KEYS_DIR = folder
    settings.LEDGER_KEY = settings.LEDGER_KEY_PREVIOUS = settings.LEDGER_ORIGIN = ""


def seal(now: datetime, *, entries: int = 1) -> Checkpoint:
    """Write something and return the checkpoint over it."""
    with transaction.atomic():
        for _ in range(entries):
            actions.record("test.done", actor=None, subject="test", now=now)
    with patch("lib.clock.now", return_value=now):
        sealed = actions.seal(now=now)
    assert sealed.checkpoint is not None
    return sealed.checkpoint


def tamper(table: str, sql: str, *values: Any) -> None:
    """Write past the triggers of a table, as whoever owns the database can."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, values)
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        else:
            for statement in without_triggers([table], [sql]):
                cursor.execute(statement, values if statement == sql and values else None)
