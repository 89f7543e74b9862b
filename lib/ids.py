"""Identifiers: unlike any other, and no secret.

Their random part comes from Python's generator, which is seeded by the system and seeded anew
after a fork. Asking the system each time lets go of the interpreter, and in a busy process it
takes a while to get it back.
"""

import random
import time
from datetime import UTC, datetime
from uuid import UUID


def uuid7() -> UUID:
    """Return a UUID version 7 (RFC 9562, section 5.7, with method 3 of section 6.2).

    The first 48 bits are milliseconds; the next 12 usable bits hold the fraction of the
    millisecond, so that identifiers of one process sort as they were made to within a
    quarter of a microsecond. The other 62 are random.
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = (rest << 12) // 1_000_000
    return UUID(
        int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | fraction << 64
        | 0b10 << 62
        | random.getrandbits(62)
    )


def smallest_id(at: datetime) -> UUID:
    """Return a UUID version 7 that is not above any made since `at`."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


def time_of(key: UUID) -> datetime:
    """Return when a UUID version 7 was made, to the millisecond."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)


def request_id() -> str:
    """Return a name for a request, unlike any other."""
    return f"{random.getrandbits(128):032x}"
