"""The number about the feed that Prometheus reads from /metrics."""

from __future__ import annotations

from datetime import datetime

from sync import feed


def lines(*, now: datetime) -> list[str]:
    """Return how long tablets have been kept waiting, as lines of the text format."""
    since = feed.held_back_since()
    waiting = max((now - since).total_seconds(), 0) if since is not None else 0
    return [
        "# HELP shelfmark_sync_held_back_seconds How long a transaction that stays open has kept "
        "changes from tablets",
        "# TYPE shelfmark_sync_held_back_seconds gauge",
        f"shelfmark_sync_held_back_seconds {waiting:.3f}",
    ]
