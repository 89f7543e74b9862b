"""Predictions over HTTP.

The two views that predict write their answers by hand: they carry most of the traffic, and
serializers would cost more than the model (docs/adr/0002-hot-path.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import Delivery, idempotent
from accounts.models import IdempotencyKey, User
from inventory.actions import UnknownCategory
from inventory.models import Product
from ledger.models import Entry
from lib import clock
from lib.api import (
    Conflict,
    JSONOnly,
    StrictSerializer,
    Text,
    Unavailable,
    Unprocessable,
    needs,
    parse_json,
)
from lib.group_commit import Overloaded
from predictions import actions, features
from predictions.models import Prediction, Review
from predictions.receipts import Asker, Question, moment
from predictions.serving import chain

_DEVICE = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_SEEN_OF_TOKEN = 8
MAY_ASK = "predictions.add_prediction"


def body_of(request: Request) -> Any:
    """Return the JSON value in the body: `request.data`, without looking for forms and files."""
    sent = request._request.content_type
    if sent != "application/json":
        raise UnsupportedMediaType(sent or "")
    return parse_json(request._request)


def asker(request: Request) -> Asker:
    """Return who asks, for the receipt."""
    assert isinstance(request.user, User)
    return asker_of(
        user=request.user,
        token=request.auth if isinstance(request.auth, AuthToken) else None,
        meta=request._request.META,
        request_id=getattr(request._request, "request_id", ""),
    )


def asker_of(
    *, user: User, token: AuthToken | None, meta: Mapping[str, Any], request_id: str
) -> Asker:
    """Return who asks. Raise ParseError for a header that would spoil the receipt."""
    return Asker(
        user_id=user.pk,
        person=user.username,
        token=token.digest[:_SEEN_OF_TOKEN] if token is not None else None,
        device=_device(meta.get("HTTP_SHELFMARK_DEVICE")),
        device_time=_device_time(meta.get("HTTP_SHELFMARK_DEVICE_TIME")),
        request_id=request_id,
    )


def _device(sent: str | None) -> str | None:
    if sent is not None and not _DEVICE.fullmatch(sent):
        raise ParseError("Shelfmark-Device takes 1 to 64 visible ASCII characters.")
    return sent


def _device_time(sent: str | None) -> str | None:
    if sent is None:
        return None
    try:
        told = datetime.fromisoformat(sent)
        if told.tzinfo is not None:
            return moment(told)
    except (ValueError, OverflowError):
        pass
    raise ParseError(
        "Shelfmark-Device-Time takes a moment with its offset, such as 2026-11-20T08:15:00Z."
    )


def shown(made: actions.Made) -> dict[str, object]:
    """Return one answer as the API gives it. Only here do whole numbers become a fraction."""
    prediction = made.prediction
    suggestions = made.outcome.suggestions
    receipt_id = str(prediction.id)
    return {
        "id": receipt_id,
        "receipt_id": receipt_id,
        "product_id": prediction.product_id,
        "category": prediction.label or None,
        "confidence": suggestions[0].confidence_ppm / 1_000_000 if suggestions else None,
        "confidence_ppm": prediction.confidence_ppm,
        "alternatives": [
            {
                "category": one.label,
                "confidence": one.confidence_ppm / 1_000_000,
                "confidence_ppm": one.confidence_ppm,
                "score": one.score,
            }
            for one in suggestions[1:]
        ],
        "model": prediction.version_id,
        "decision_path": prediction.decision_path,
        "needs_review": prediction.needs_review,
        "threshold_ppm": prediction.threshold_ppm,
        "taxonomy_version": prediction.taxonomy_version,
        "made_at": moment(prediction.made_at),
    }


class AlternativeOutput(serializers.Serializer[Any]):
    category = serializers.CharField()
    confidence = serializers.FloatField()
    confidence_ppm = serializers.IntegerField()
    score = serializers.IntegerField()


class PredictionOutput(serializers.Serializer[Any]):
    """Only the schema: the answer itself is written by `shown`."""

    id = serializers.UUIDField()
    receipt_id = serializers.UUIDField(help_text="The same as id.")
    product_id = serializers.IntegerField(allow_null=True)
    category = serializers.CharField(allow_null=True, help_text="Null: no suggestion.")
    confidence = serializers.FloatField(allow_null=True, help_text="confidence_ppm / 1,000,000")
    confidence_ppm = serializers.IntegerField(allow_null=True)
    alternatives = AlternativeOutput(many=True)
    model = serializers.CharField(allow_null=True, help_text="The sha256 of the model's file.")
    decision_path = serializers.ChoiceField(choices=["live", "canary", "fallback", "rules", "none"])
    needs_review = serializers.BooleanField()
    threshold_ppm = serializers.IntegerField(allow_null=True)
    taxonomy_version = serializers.IntegerField()
    made_at = serializers.DateTimeField()


def _errors(*statuses: int) -> dict[int, OpenApiResponse]:
    return {status: OpenApiResponse(PROBLEM_SCHEMA, WHY[status]) for status in statuses}


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A refusal as RFC 9457 lays it out.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body"},
                    "field": {"type": "string"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                },
                "required": ["pointer", "field", "detail", "code"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "request_id", "code"],
}
WHY = {
    400: "The body or a header cannot be used; `errors` points at each fault.",
    401: "Sign in, or send a token.",
    403: "Your role does not allow this.",
    404: "There is no such thing.",
    409: "This does not fit what is stored now.",
    413: "The body is too large.",
    422: "The request is clear and cannot be carried out.",
    503: "Too much waits to be written. Nothing was answered; try again after Retry-After seconds.",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 visible ASCII characters of your making. The same request under the same "
    "key gets the same answer and leaves one receipt.",
)
DEVICE = OpenApiParameter(
    "Shelfmark-Device",
    str,
    OpenApiParameter.HEADER,
    description="Which device asks, for the receipt.",
)
DEVICE_TIME = OpenApiParameter(
    "Shelfmark-Device-Time",
    str,
    OpenApiParameter.HEADER,
    description="What the device's clock says, with its offset, for the receipt.",
)
EITHER = {
    "oneOf": [
        features.schema(),
        {
            "type": "array",
            "items": features.schema(),
            "minItems": 1,
            "maxItems": features.MOST_PRODUCTS,
        },
    ]
}


class Predictions(APIView):
    """Where a product belongs, or each product of a list, with a receipt for every answer."""

    permission_classes = [needs(MAY_ASK)]
    content_negotiation_class = JSONOnly

    @extend_schema(
        operation_id="predict",
        request={"application/json": EITHER},
        parameters=[IDEMPOTENCY_KEY, DEVICE, DEVICE_TIME],
        responses={
            200: PredictionOutput(many=False),
            **_errors(400, 401, 403, 413, 422, 503),
        },
        examples=[
            OpenApiExample(
                "One product",
                request_only=True,
                value={"name": "Cordless drill 18 V", "width_mm": 210, "weight_g": 1600},
            )
        ],
    )
    def post(self, request: Request) -> HttpResponseBase:
        data = body_of(request)
        delivery = Delivery.of(request) if "HTTP_IDEMPOTENCY_KEY" in request._request.META else None
        if delivery is not None and (stored := delivery.find()):
            return delivery.replay(stored)
        many = isinstance(data, list)
        products = features.read_many(data) if many else [features.read(data)]
        now = clock.now()

        def body(made: Sequence[actions.Made]) -> bytes:
            answers = [shown(one) for one in made]
            return json.dumps(answers if many else answers[0]).encode()

        def answered(made: Sequence[actions.Made]) -> IdempotencyKey | None:
            return delivery.row(status=200, body=body(made), now=now) if delivery else None

        try:
            made = actions.predict(
                questions=[Question(product) for product in products],
                asker=asker(request),
                now=now,
                keep=answered,
            )
        except IntegrityError:
            # Another delivery of this request came in between and has its answer kept by now.
            if delivery is not None and (stored := delivery.find()):
                return delivery.replay(stored)
            raise
        except Overloaded as error:
            raise Unavailable(str(error), code="overloaded") from error
        return HttpResponse(body(made), content_type="application/json")


class ProductPrediction(APIView):
    """Where a stored product belongs. Each question is answered anew and leaves a receipt."""

    permission_classes = [needs(MAY_ASK)]
    content_negotiation_class = JSONOnly

    @extend_schema(
        operation_id="predict_product",
        parameters=[DEVICE, DEVICE_TIME],
        responses={200: PredictionOutput, **_errors(401, 403, 404, 422, 503)},
    )
    def get(self, request: Request, id: int) -> HttpResponseBase:
        product = Product.objects.present().filter(pk=id).only("version", *features.FIELDS).first()
        if product is None:
            raise Http404("There is no such product.")
        read = features.of_product(product)
        if features.is_too_long(read):
            raise Unprocessable("The product's description is too long. Shorten it first.")
        question = Question(read, product.pk, product.version)
        try:
            (made,) = actions.predict(questions=[question], asker=asker(request), now=clock.now())
        except Overloaded as error:
            raise Unavailable(str(error), code="overloaded") from error
        return HttpResponse(json.dumps(shown(made)), content_type="application/json")


class Receipt(APIView):
    permission_classes = [needs("predictions.view_prediction")]

    @extend_schema(
        operation_id="read_receipt",
        responses={
            (200, "application/json"): {"type": "object", "additionalProperties": True},
            **_errors(401, 403, 404),
        },
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The receipt of an answer: canonical JSON, the same bytes for ever."""
        entry = Entry.objects.filter(uuid=id, kind=actions.MADE).first()
        if entry is None:
            raise Http404("There is no such prediction.")
        return HttpResponse(entry.content(), content_type="application/json")


class ReviewInput(StrictSerializer):
    category = Text(
        max_length=1000,
        required=False,
        help_text="The path of the right category. Left out: the suggestion is accepted.",
    )
    note = Text(max_length=1000, required=False, default="", allow_blank=True)


class ReviewOutput(serializers.Serializer[Review]):
    id = serializers.UUIDField()
    prediction_id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Review.Outcome.choices)
    category = serializers.CharField(source="label")
    note = serializers.CharField()
    reviewed_by = serializers.CharField(source="reviewed_by.username")
    reviewed_at = serializers.DateTimeField()


class Reviews(APIView):
    """A person's word on a prediction."""

    permission_classes = [needs("predictions.review_prediction")]

    @extend_schema(
        operation_id="review_prediction",
        request=ReviewInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ReviewOutput, **_errors(400, 401, 403, 404, 409, 422)},
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
        return Response(ReviewOutput(review).data, status=201)


class LinkOutput(serializers.Serializer[Any]):
    path = serializers.CharField()
    sha256 = serializers.CharField()
    dataset_sha256 = serializers.CharField()
    text = serializers.CharField(allow_null=True)


class LiveModels(APIView):
    permission_classes = [needs("registry.view_modelversion")]

    @extend_schema(
        operation_id="list_live_models",
        responses={200: LinkOutput(many=True), **_errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The models that answer, in the order they are asked. A damaged one is left out."""
        return Response(
            [
                {
                    "path": link.path,
                    "sha256": link.sha256,
                    "dataset_sha256": link.dataset_sha256,
                    "text": link.text_version,
                }
                for link in chain().links
            ]
        )
