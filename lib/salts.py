"""Salts: 32 bytes that nobody can guess and no two callers share.

The system is asked for randomness once per process, and again after a fork; each salt is a
digest of that and a count. Asking it every time would let go of the interpreter, and in a busy
process it takes a while to get it back.
"""

from __future__ import annotations

import hashlib
import itertools
import os

BYTES = 32


class _Source:
    def __init__(self) -> None:
        self.seed()

    def seed(self) -> None:
        self._key = os.urandom(64)
        self._count = itertools.count()

    def next(self) -> bytes:
        return hashlib.sha256(self._key + next(self._count).to_bytes(8, "big")).digest()


_source = _Source()
os.register_at_fork(after_in_child=_source.seed)


def salt() -> bytes:
    """Return 32 fresh bytes."""
    return _source.next()
