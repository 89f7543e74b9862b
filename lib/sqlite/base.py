"""Django's SQLite backend, with writers that take turns.

SQLite lets one process write at a time. A second one polls with growing sleeps of up to 100 ms,
so under load two processes starve each other: answers that should take 10 ms take a second.
Here every transaction first takes an exclusive `flock` on a file beside the database. The
kernel wakes the next writer at once, and a process that dies lets go of it.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions wait for their turn before they begin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Open files: the place of whoever writes next, and of whoever writes.
        self._places: tuple[int, int] | None = None
        self._has_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._has_turn = False
            if self._places is not None:
                for place in self._places:
                    os.close(place)
                self._places = None

    def _take_turn(self) -> None:
        if self.is_in_memory_db():
            return
        if self._places is None:
            # A lock belongs to the open file, not to the process: each connection opens its
            # own, so that the threads of one process take turns too.
            self._places = (self._open("next"), self._open("turn"))
        following, turn = self._places
        # With one lock, a process that writes all the time would take it again before anybody
        # who waits has woken up. So one of those who wait is the next, and whoever has written
        # has to line up behind it.
        fcntl.flock(following, fcntl.LOCK_EX)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(following, fcntl.LOCK_UN)
        self._has_turn = True

    def _open(self, place: str) -> int:
        path = f"{self.settings_dict['NAME']}-{place}"
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _end_turn(self) -> None:
        if self._has_turn and self._places is not None:
            self._has_turn = False
            fcntl.flock(self._places[1], fcntl.LOCK_UN)
