"""The numbers about the log that Prometheus reads from /metrics, as they are in the database."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, Max, OuterRef

from ledger import log
from ledger.models import Entry, Leaf

# Counting stops here. A log that lags so far behind needs a person, not a number.
_MOST = 10_000


def lines(*, now: datetime) -> list[str]:
    """Return how far the sealing lags behind, as lines of the text format."""
    checkpoint = log.latest_checkpoint()
    found = [
        "# HELP shelfmark_ledger_unsealed Entries that no checkpoint covers yet, 10000 for more",
        "# TYPE shelfmark_ledger_unsealed gauge",
        f"shelfmark_ledger_unsealed {_unsealed(checkpoint.size if checkpoint else 0)}",
    ]
    if checkpoint is not None:
        found += [
            "# HELP shelfmark_ledger_checkpoint_age_seconds Since the latest checkpoint",
            "# TYPE shelfmark_ledger_checkpoint_age_seconds gauge",
            f"shelfmark_ledger_checkpoint_age_seconds {(now - checkpoint.at).total_seconds():.3f}",
        ]
    return found


def _unsealed(covered: int) -> int:
    last: int = Leaf.objects.aggregate(last=Max("entry_id"))["last"] or 0
    # An older one may still wait for its transaction, but not one that is much older.
    waiting = Entry.objects.filter(
        ~Exists(Leaf.objects.filter(entry_id=OuterRef("pk"))), pk__gt=last - _MOST
    )
    return min(waiting[:_MOST].count() + log.size() - covered, _MOST)
