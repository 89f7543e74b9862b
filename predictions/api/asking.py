"""Asking for predictions.

The two views write their answers by hand: they carry most of the traffic, and serializers would
cost more than the model (docs/adr/0002-hot-path.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.idempotency import Delivery
from accounts.models import IdempotencyKey, User
from inventory.models import Product
from lib import clock
from lib.api import JSONOnly, Unavailable, Unprocessable, needs, parse_json
from lib.group_commit import Overloaded
from predictions import actions, features
from predictions.api.openapi import DEVICE, DEVICE_TIME, IDEMPOTENCY_KEY, errors
from predictions.receipts import Asker, Question, moment

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
            **errors(400, 401, 403, 413, 422, 503),
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
        responses={200: PredictionOutput, **errors(401, 403, 404, 422, 503)},
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
