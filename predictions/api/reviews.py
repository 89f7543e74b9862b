"""What people say to predictions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from accounts.models import User
from inventory.actions import UnknownCategory
from inventory.api import ProductOutput
from ledger.actions import Built
from ledger.models import Entry
from lib import clock
from lib.api import (
    BadQuery,
    Conflict,
    QuerySerializer,
    StrictSerializer,
    Text,
    Unprocessable,
    needs,
    next_page,
)
from predictions import actions
from predictions.api.asking import PredictionOutput, shown
from predictions.api.openapi import IDEMPOTENCY_KEY, errors
from predictions.models import Prediction, Requeued, Review
from predictions.receipts import SAME, moment, suggestions
from predictions.serving import Outcome


class ReviewInput(StrictSerializer):
    category = Text(
        max_length=1000,
        required=False,
        help_text="The path of the right category. Left out: the suggestion is accepted.",
    )
    note = Text(max_length=1000, required=False, default="", allow_blank=True)


class ReviewOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    prediction_id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Review.Outcome.choices)
    category = serializers.CharField()
    note = serializers.CharField()
    reviewed_by = serializers.CharField()
    reviewed_at = serializers.DateTimeField()


def _told(review: Review, *, note: str) -> dict[str, object]:
    return {
        "id": str(review.pk),
        "prediction_id": str(review.prediction_id),
        "outcome": review.outcome,
        "category": review.label,
        "note": note,
        "reviewed_by": review.reviewed_by.username,
        "reviewed_at": moment(review.reviewed_at),
    }


class Reviews(APIView):
    """A person's word on a prediction."""

    permission_classes = [needs("predictions.review_prediction")]

    @extend_schema(
        operation_id="review_prediction",
        request=ReviewInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ReviewOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent()
    def post(self, request: Request, id: UUID) -> Response:
        data = ReviewInput(data=request.data)
        data.is_valid(raise_exception=True)
        assert isinstance(request.user, User)
        try:
            review = actions.review(
                prediction_id=id,
                category=data.validated_data.get("category"),
                note=data.validated_data["note"],
                by=request.user,
                now=clock.now(),
            )
        except Prediction.DoesNotExist as error:
            raise Http404("There is no such prediction.") from error
        except UnknownCategory as error:
            raise Unprocessable(str(error), code="unknown_category") from error
        except actions.CannotReview as error:
            raise Conflict(str(error)) from error
        return Response(_told(review, note=data.validated_data["note"]), status=201)


# What waits for a person

# Beyond this nobody needs the exact number, and counting would take longer than the page.
MOST_COUNTED = 1000
_PLACE = re.compile(r"(-1|[0-9]{1,7})_([0-9a-f]{32})", re.ASCII)


class QueueQuery(QuerySerializer):
    after = serializers.CharField(max_length=50, required=False, help_text="As `next` gives it.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)


class TabletSaid(serializers.Serializer[Any]):
    category = serializers.CharField()
    confidence_ppm = serializers.IntegerField()


class WaitingOutput(serializers.Serializer[Any]):
    product = ProductOutput()
    prediction = PredictionOutput()
    tablet_said = TabletSaid(
        allow_null=True, help_text="What a tablet had answered by itself, if that differs."
    )
    recalled = serializers.CharField(
        allow_null=True, help_text="Why its model was recalled; null: it was not."
    )


class QueuePage(serializers.Serializer[Any]):
    results = WaitingOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of the next page.")
    waiting = serializers.IntegerField(help_text=f"How many wait; {MOST_COUNTED} may mean more.")


class ReviewQueue(APIView):
    permission_classes = [needs("predictions.review_prediction")]

    @extend_schema(
        operation_id="list_waiting",
        parameters=[QueueQuery],
        responses={200: QueuePage, **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The products about which a person has to say something, the least certain first.

        What whoever asks has skipped is left to the others.
        """
        asked = QueueQuery.read(request)
        assert isinstance(request.user, User)
        waiting = Prediction.objects.waiting().not_skipped_by(request.user.pk)
        found = waiting.select_related("product__category", "requeued__recall")
        if "after" in asked:
            found = found.further_on(**_read_place(asked["after"]))
        limit: int = asked["limit"]
        page = list(found[: limit + 1])
        more = len(page) > limit
        page = page[:limit]
        output = ProductOutput()
        return Response(
            {
                "results": [
                    {
                        "product": output.to_representation(product),
                        "prediction": shown(made),
                        "tablet_said": _tablet_said(receipt),
                        "recalled": _recalled(made.prediction),
                    }
                    for made, receipt in _made(page)
                    if (product := made.prediction.product)
                ],
                "next": next_page(request, after=_place(page[-1])) if more else None,
                "waiting": waiting[:MOST_COUNTED].count(),
            }
        )


def _recalled(prediction: Prediction) -> str | None:
    requeued: Requeued | None = getattr(prediction, "requeued", None)
    return requeued.recall.reason if requeued else None


def _tablet_said(receipt: Mapping[str, Any]) -> dict[str, object] | None:
    told = receipt.get("tablet_answer")
    if told is None or told["agreement"] == SAME:
        return None
    return {"category": told["category"], "confidence_ppm": told["confidence_ppm"]}


def _place(prediction: Prediction) -> str:
    sure = prediction.confidence_ppm
    return f"{-1 if sure is None else sure}_{prediction.pk.hex}"


def _read_place(told: str) -> dict[str, Any]:
    match = _PLACE.fullmatch(told)
    if match is None:
        raise BadQuery("after", "Take the whole address of the next page from `next`.")
    return {"sure": int(match[1]), "id": UUID(match[2])}


def _made(predictions: list[Prediction]) -> Iterator[tuple[actions.Made, Mapping[str, Any]]]:
    """Yield the answers as they were given, and their receipts, which tell what no column does."""
    entries = {
        entry.uuid: entry for entry in Entry.objects.filter(uuid__in=[p.pk for p in predictions])
    }
    for prediction in predictions:
        entry = entries[prediction.pk]
        receipt = json.loads(entry.content())
        outcome = Outcome(
            path=prediction.decision_path,
            link=None,
            suggestions=suggestions(receipt),
            passed_over=(),
            threshold_ppm=prediction.threshold_ppm,
            needs_review=prediction.needs_review,
        )
        yield actions.Made(prediction, Built(entry), outcome), receipt
