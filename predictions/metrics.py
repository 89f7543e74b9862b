"""The numbers about predictions that Prometheus reads from /metrics."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from predictions.models import Path
from predictions.serving import Outcome

_predictions = Counter(
    "shelfmark_predictions", "Answers given, by who answered in the end", ["path"]
)
_doubtful = Counter(
    "shelfmark_predictions_needing_review", "Answers that wait for a person", ["path"]
)
_confidence = Histogram(
    "shelfmark_prediction_confidence",
    "Confidence of the answers",
    ["path"],
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0),
)
_seconds = Histogram(
    "shelfmark_prediction_seconds",
    "From the question to the receipt on the disk, by request",
    ["size"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
# Looking a label up takes longer than counting it, and this is on the path of every answer.
_BY_PATH = {
    path.value: (_predictions.labels(path), _doubtful.labels(path), _confidence.labels(path))
    for path in Path
}
_ONE = _seconds.labels("one")
_MANY = _seconds.labels("many")


def observe(outcomes: Sequence[Outcome], *, seconds: float) -> None:
    """Count answers whose receipts are written."""
    for outcome in outcomes:
        count, doubtful, confidence = _BY_PATH[outcome.path]
        count.inc()
        if outcome.needs_review:
            doubtful.inc()
        if outcome.suggestions:
            confidence.observe(outcome.suggestions[0].confidence_ppm / 1_000_000)
    (_ONE if len(outcomes) == 1 else _MANY).observe(seconds)
