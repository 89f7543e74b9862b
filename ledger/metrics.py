"""The numbers about the log that Prometheus reads from /metrics, as they are in the database."""

from __future__ import annotations

from datetime import datetime

from ledger import log


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
    waiting = log.waiting()[: log.MOST_WAITING].count()
    return min(waiting + log.size() - covered, log.MOST_WAITING)
