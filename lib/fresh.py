"""A value that is looked up again when it is too old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Fresh(Generic[T]):
    """What `look` returned at most `seconds` ago.

    When it is too old, one thread looks and the others go on with what there is, so a value may
    be older by the time that one look takes.
    """

    def __init__(self, look: Callable[[], T], *, seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._looking = threading.Lock()
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        kept = self._kept
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        if self._looking.acquire(blocking=kept is None):
            try:
                # Whoever waited here for the first value finds it now.
                if kept is None and self._kept is not None:
                    return self._kept[1]
                value = self._look()
                self._kept = (time.monotonic() + self._seconds, value)
                return value
            finally:
                self._looking.release()
        assert kept is not None
        return kept[1]

    def forget(self) -> None:
        """Look again the next time."""
        self._kept = None
