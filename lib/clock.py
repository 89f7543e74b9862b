"""The one place that reads the clock.

Views, commands and the job runner call `now()` and pass the moment on as `now=`, so that
everything below them can be asked about any moment.
"""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
