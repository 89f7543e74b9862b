"""What was answered before, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from categorizer.explain import Explanation
from inventory.models import Product
from ledger.models import Entry, Pruning
from lib.api import Conflict, QuerySerializer, Unprocessable, needs, next_page
from predictions import actions, notes
from predictions.api.openapi import errors
from predictions.explanations import CannotExplain, UnknownLabel, explain_receipt
from predictions.models import Prediction, Review
from predictions.receipts import moment

MILLION = 1_000_000
# A person reads a dozen reasons; the rest is added up.
MOST_REASONS = 12


def entry_of(receipt_id: UUID) -> Entry:
    """Return the entry of a prediction. Raise Http404, which says so if it was moved away."""
    entry = Entry.objects.filter(uuid=receipt_id, kind=actions.MADE).first()
    if entry is not None:
        return entry
    made = Prediction.objects.filter(pk=receipt_id).values_list("made_at", flat=True).first()
    pruning = made and Pruning.objects.filter(before__gt=made).order_by("before").first()
    if pruning:
        raise Http404(
            "This receipt was moved out of the database. It is in the archive of what was sealed "
            f"before {pruning.before:%Y-%m-%d}, whose sha256 is {pruning.archive_sha256}."
        )
    raise Http404("There is no such prediction.")


class Receipt(APIView):
    permission_classes = [needs("predictions.view_prediction")]

    @extend_schema(
        operation_id="read_receipt",
        responses={
            (200, "application/json"): {"type": "object", "additionalProperties": True},
            **errors(401, 403, 404),
        },
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The receipt of an answer: canonical JSON, the same bytes for ever."""
        return HttpResponse(entry_of(id).content(), content_type="application/json")


# Why


class ExplanationQuery(QuerySerializer):
    category = serializers.CharField(
        max_length=1000, required=False, help_text="Another category than the one suggested."
    )


class ContributionOutput(serializers.Serializer[Any]):
    field = serializers.CharField(help_text='Such as "name".')
    kind = serializers.ChoiceField(
        choices=["word", "pair of words", "digit shape", "characters", "number"]
    )
    text = serializers.CharField()
    amount = serializers.IntegerField(help_text="What it adds to the score; against it if below 0.")
    share_ppm = serializers.IntegerField(
        help_text="The size of the amount, of the sizes of all contributions together."
    )


class OthersOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    amount = serializers.IntegerField()


class ExplanationOutput(serializers.Serializer[Any]):
    """The score taken apart: score = bias + the amounts of all contributions, exactly."""

    id = serializers.UUIDField()
    category = serializers.CharField()
    score = serializers.IntegerField(help_text="In 1/2**39, as everything here.")
    bias = serializers.IntegerField(help_text="What the category has before a word is read.")
    contributions = ContributionOutput(many=True, help_text="At most 12, the largest first.")
    others = OthersOutput(help_text="The rest, added up.")


def _told(receipt_id: UUID, explanation: Explanation) -> dict[str, object]:
    total = sum(abs(one.amount) for one in explanation.contributions)
    most, rest = (
        explanation.contributions[:MOST_REASONS],
        explanation.contributions[MOST_REASONS:],
    )
    return {
        "id": str(receipt_id),
        "category": explanation.label,
        "score": explanation.score,
        "bias": explanation.bias,
        "contributions": [
            {
                "field": one.field,
                "kind": one.kind,
                "text": one.text,
                "amount": one.amount,
                "share_ppm": abs(one.amount) * MILLION // total,
            }
            for one in most
        ],
        "others": {"count": len(rest), "amount": sum(one.amount for one in rest)},
    }


class ReceiptExplanation(APIView):
    permission_classes = [needs("predictions.view_prediction")]

    @extend_schema(
        operation_id="explain_prediction",
        parameters=[ExplanationQuery],
        responses={200: ExplanationOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """Why the answer is what it is: the words and numbers that spoke for it and against it."""
        asked = ExplanationQuery.read(request)
        receipt = json.loads(entry_of(id).content())
        try:
            explanation = explain_receipt(receipt, label=asked.get("category"))
        except CannotExplain as error:
            raise Conflict(str(error), code="cannot_explain") from error
        except UnknownLabel as error:
            raise Unprocessable(str(error), code="unknown_category") from error
        response = Response(_told(id, explanation))
        response["Cache-Control"] = "private, max-age=86400, immutable"
        return response


# The history of a product


class HistoryQuery(QuerySerializer):
    before = serializers.UUIDField(required=False, help_text="As `next` gives it.")
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)


class PastReviewOutput(serializers.Serializer[Review]):
    outcome = serializers.ChoiceField(choices=Review.Outcome.choices)
    category = serializers.CharField()
    note = serializers.CharField()
    reviewed_by = serializers.CharField()
    reviewed_at = serializers.DateTimeField()


class PastPredictionOutput(serializers.Serializer[Prediction]):
    id = serializers.UUIDField()
    category = serializers.CharField(allow_null=True, help_text="Null: no suggestion.")
    confidence_ppm = serializers.IntegerField(allow_null=True)
    decision_path = serializers.ChoiceField(choices=["live", "canary", "fallback", "rules", "none"])
    needs_review = serializers.BooleanField()
    threshold_ppm = serializers.IntegerField(allow_null=True)
    model = serializers.CharField(allow_null=True, help_text="The sha256 of the model's file.")
    taxonomy_version = serializers.IntegerField()
    made_at = serializers.DateTimeField()
    product_version = serializers.IntegerField()
    asked_by = serializers.CharField()
    review = PastReviewOutput(allow_null=True, help_text="What a person said to it last.")


class HistoryPage(serializers.Serializer[Any]):
    results = PastPredictionOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="The address of the next page.")


def _past(prediction: Prediction, said: Mapping[UUID, str]) -> dict[str, object]:
    review = next(iter(prediction.reviews.all()), None)
    return {
        "id": str(prediction.pk),
        "category": prediction.label or None,
        "confidence_ppm": prediction.confidence_ppm,
        "decision_path": prediction.decision_path,
        "needs_review": prediction.needs_review,
        "threshold_ppm": prediction.threshold_ppm,
        "model": prediction.version_id,
        "taxonomy_version": prediction.taxonomy_version,
        "made_at": moment(prediction.made_at),
        "product_version": prediction.product_version,
        "asked_by": prediction.asked_by.username,
        "review": review
        and {
            "outcome": review.outcome,
            "category": review.label,
            "note": said.get(review.pk, ""),
            "reviewed_by": review.reviewed_by.username,
            "reviewed_at": moment(review.reviewed_at),
        },
    }


class ProductHistory(APIView):
    permission_classes = [needs("predictions.view_prediction")]

    @extend_schema(
        operation_id="list_product_predictions",
        parameters=[HistoryQuery],
        responses={200: HistoryPage, **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, id: int) -> Response:
        """What was answered about a product so far, the newest first."""
        asked = HistoryQuery.read(request)
        if not Product.objects.present().filter(pk=id).exists():
            raise Http404("There is no such product.")
        found = Prediction.objects.filter(product=id).with_reviews().order_by("-pk")
        if "before" in asked:
            found = found.filter(pk__lt=asked["before"])
        limit: int = asked["limit"]
        page = list(found[: limit + 1])
        more = len(page) > limit
        page = page[:limit]
        said = notes.of(review for one in page for review in one.reviews.all())
        return Response(
            {
                "results": [_past(prediction, said) for prediction in page],
                "next": next_page(request, before=page[-1].pk) if more else None,
            }
        )
