"""What was deleted is still in the files of the database, until something writes over it."""

from django.core.management.base import OutputWrapper
from django.db import OperationalError, connection

_BUSY = (
    "Some of what was deleted may still be in the write-ahead log of the database, because "
    "somebody was reading. It goes when the last connection closes: stop the server once."
)
_SERVER = (
    "PostgreSQL writes over deleted rows when it gets to it; `VACUUM FULL ledger_opening, "
    "ledger_secret, accounts_user` as the owner makes it do so now, and stops writers meanwhile."
)
_NOT_REWRITTEN = (
    "The rows are deleted, but their bytes are still in the file of the database. Stop the server "
    "and type: python manage.py dbshell -- VACUUM"
)


def scrub(err: OutputWrapper) -> None:
    """Take the bytes of deleted rows out of SQLite's files; say what is left to do elsewhere."""
    if connection.vendor != "sqlite":
        err.write(_SERVER)
    else:
        try:
            is_busy = _rewrite()
        except OperationalError as error:
            # Somebody writes all the time, or the disk is full. The rows are gone all the same.
            err.write(f"{_NOT_REWRITTEN} ({error})")
        else:
            if is_busy:
                err.write(_BUSY)
    err.write("Backups from before still hold what was deleted. Let them expire.")


def _rewrite() -> bool:
    """Copy what is still there and leave the rest behind. Return whether some of it may remain."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, _, _ = cursor.fetchone()
    return bool(is_busy)
