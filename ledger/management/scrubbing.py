"""What was deleted is still in the files of the database, until something writes over it."""

from django.core.management.base import OutputWrapper
from django.db import connection

_BUSY = (
    "Some of what was deleted may still be in the write-ahead log of the database, because "
    "somebody was reading. It goes when the last connection closes: stop the server once."
)
_SERVER = (
    "PostgreSQL writes over deleted rows when it gets to it; `VACUUM FULL ledger_opening, "
    "ledger_secret, accounts_user` as the owner makes it do so now, and stops writers meanwhile."
)


def scrub(err: OutputWrapper) -> None:
    """Take the bytes of deleted rows out of SQLite's files; say what is left to do elsewhere."""
    if connection.vendor != "sqlite":
        err.write(_SERVER)
    else:
        with connection.cursor() as cursor:
            # Copies what is still there and leaves the rest behind.
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, _, _ = cursor.fetchone()
        if is_busy:
            err.write(_BUSY)
    err.write("Backups from before still hold what was deleted. Let them expire.")
