"""What a tablet compares with what it has: a look that many requests share."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

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


_fresh = Fresh(look, seconds=FRESH_SECONDS)


def standing() -> Standing:
    """Return where the server is, at most FRESH_SECONDS old and a look-up more."""
    return _fresh.get()


def forget() -> None:
    """Look again the next time. For tests, and for whoever has just changed it."""
    _fresh.forget()
