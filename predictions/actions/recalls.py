"""A model is recalled: what it answered goes before people again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from ledger.actions import record
from lib.ids import uuid7
from predictions.models import Prediction, Recall
from predictions.recalls import to_requeue
from registry.models import ModelVersion


class CannotRecall(Exception):
    """The message is fit to show to the person who asked."""


@transaction.atomic
def recall(*, sha256: str, reason: str, by: User, now: datetime) -> tuple[Recall, int]:
    """Let every answer of a model that nobody reviewed wait for a person; return how many.

    No product changes its category: that is what the person is asked for. Safe to repeat: if the
    model was recalled before and nothing is left to put back, the last recall stands and nothing
    is written. Raise CannotRecall, or ModelVersion.DoesNotExist.
    """
    reason = reason.strip()
    if not reason:
        raise CannotRecall("Say why: people will read the reason beside each answer.")
    # The lock makes two recalls of one model follow one another.
    ModelVersion.objects.select_for_update().only("pk").get(pk=sha256)
    earlier = Recall.objects.filter(version=sha256).order_by("-pk").first()
    suspects = to_requeue(sha256)
    if earlier is not None and not suspects.exists():
        return earlier, 0
    recall_id = uuid7()
    # In this order: the entry says how many there were, and the database takes no recall without
    # its entry. That the recall comes last is checked at the commit.
    count = _requeue(suspects, recall_id)
    record(
        "model.recalled",
        actor=by.pk,
        subject=sha256,
        now=now,
        uuid=recall_id,
        private={"reason": reason},
        requeued=count,
    )
    made = Recall.objects.create(
        id=recall_id, version_id=sha256, reason=reason, recalled_by=by, recalled_at=now
    )
    return made, count


def _requeue(suspects: QuerySet[Prediction], recall_id: UUID) -> int:
    """Put predictions into the queue in two statements, however many they are."""
    chosen, parameters = _sql(suspects.values("id"))
    key = Recall._meta.pk.get_db_prep_value(recall_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO predictions_requeued (prediction_id, recall_id) "
            f"SELECT chosen.id, %s FROM ({chosen}) AS chosen",
            [key, *parameters],
        )
        count: int = cursor.rowcount
        cursor.execute(
            "INSERT INTO predictions_doubt (prediction_id, sure) "
            "SELECT p.id, COALESCE(p.confidence_ppm, -1) FROM predictions_requeued r "
            "JOIN predictions_prediction p ON p.id = r.prediction_id WHERE r.recall_id = %s "
            "AND NOT EXISTS (SELECT 1 FROM predictions_doubt d WHERE d.prediction_id = p.id)",
            [key],
        )
    return count


def _sql(queryset: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    statement, parameters = queryset.query.sql_with_params()
    return statement, tuple(parameters)
