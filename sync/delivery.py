"""A batch of changes, one after the other: one that cannot be carried out does not hold up others.

Only what is about the same product waits: what a person did to it next was decided on top of what
did not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from accounts.models import User
from sync.actions import settle
from sync.incoming import Batch, Invalid, read_change
from sync.models import Change
from sync.outcomes import Settled

log = structlog.get_logger(__name__)

_HELD = "An earlier change of this product was not carried out. This one waits for it."
_BUSY = "Somebody else is working on this product. It is sent again in a moment."
_BROKEN = "The server could not do this, and has written that to its log. It is sent again later."
# https://www.postgresql.org/docs/current/errcodes-appendix.html: a lock that did not come, two
# that wait for each other, one that came too late, a statement that took too long.
_PASSING = {"55P03", "40P01", "40001", "57014"}


def deliver(
    batch: Batch, *, by: User, request_id: str, now: Callable[[], datetime]
) -> list[Settled]:
    """Settle the changes of a batch in their order, each in its own transaction.

    Raise OperationalError or InterfaceError if the database is gone; what was settled until then
    is answered as a duplicate when it is sent again.
    """
    # Which change stands in the way of others, by the name of the product.
    in_the_way: dict[str, UUID] = {}
    results = []
    for id, change in batch.changes:
        settled = _one(id, change, batch, in_the_way, by=by, request_id=request_id, now=now)
        for name in settled.products:
            if settled.went_through:
                in_the_way.pop(name, None)
            else:
                in_the_way[name] = settled.id
        results.append(settled)
    return results


def _one(
    id: UUID,
    change: Mapping[str, Any],
    batch: Batch,
    in_the_way: Mapping[str, UUID],
    *,
    by: User,
    request_id: str,
    now: Callable[[], datetime],
) -> Settled:
    products: frozenset[str] = frozenset()
    try:
        sent = read_change(change, batch)
        products = frozenset({sent.product} if sent.product else ())
        blocker = in_the_way.get(sent.product or "")
        waits = blocker is not None and blocker not in (sent.resolves, sent.id)
        # What came through before, when nothing stood in its way, is answered as it was then.
        if waits and not Change.objects.filter(pk=sent.id).exists():
            return Settled(id, "deferred", "held", _HELD, products=products)
        return settle(sent=sent, by=by, now=now(), request_id=request_id)
    except Invalid as error:
        # Nothing is kept of it: there is nothing that could be.
        return Settled(id, "rejected", "invalid", str(error))
    except (InterfaceError, OperationalError) as error:
        if not _is_passing(error):
            raise
        return Settled(id, "deferred", "busy", _BUSY, products=products)
    except Exception:
        # A mistake of ours in one change must not keep all later ones from ever arriving. It has
        # had no effect, the tablet keeps it, and somebody reads the log.
        log.exception("sync.change_failed", change=str(id))
        return Settled(id, "deferred", "busy", _BROKEN, products=products)


def _is_passing(error: Exception) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _PASSING if state else "locked" in str(error)
