"""What a tablet compares with what it has: a look that many requests share."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from lib.fresh import Fresh
from registry.models import Deployment
from sync import feed

FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the server is: its epoch, how far its feed goes, and which model is live."""

    epoch: UUID | None
    head: int
    model: str | None


def look() -> Standing:
    """Ask the database."""
    place = feed.head()
    live = Deployment.objects.open().filter(role=Deployment.Role.LIVE)
    return Standing(
        epoch=feed.era().epoch,
        head=place.number if place else 0,
        model=live.values_list("version_id", flat=True).first(),
    )


def _look_if_it_answers() -> Standing | None:
    global _last  # noqa: PLW0603  (one for the process, like the thread that looks)
    try:
        _last = look()
    except DatabaseError:
        # Whoever asks has an answer to give all the same. A connection that broke must not stay:
        # it may be that of a thread that Django never tidies up after.
        connection.close_if_unusable_or_obsolete()
    return _last


_last: Standing | None = None
_fresh = Fresh(_look_if_it_answers, seconds=FRESH_SECONDS)


def last_known() -> Standing | None:
    """Return where the server was when the database last answered, or None if it never did.

    While it answers, that is at most FRESH_SECONDS ago and a look-up more.
    """
    return _fresh.get()


def standing() -> Standing:
    """Return the same, or raise DatabaseError."""
    return last_known() or look()


def forget() -> None:
    """Look again the next time. For tests, and for whoever has just changed it."""
    _fresh.forget()
