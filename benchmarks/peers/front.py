"""The front app of the two-service design: Django asks the model service over HTTP.

PEER_STYLE=plain is what one writes first: DRF, serializers both ways, a new HTTP connection for
each question. `usual` keeps one pooled httpx client, as most teams soon do. `tuned` gives up DRF
and all middleware for one plain view. PEER_AUDIT=yes adds what Shelfmark always does: a knox token
is checked and a row is committed before the answer is sent.
"""

import os

import httpx
import orjson
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from knox.auth import TokenAuthentication
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.peers.models import AuditRow

STYLE = os.environ["PEER_STYLE"]
SERVICE = os.environ["PEER_SERVICE"]
AUDITS = os.environ["PEER_AUDIT"] == "yes"


def record(
    user: AbstractBaseUser | AnonymousUser, product: object, suggestion: dict[str, object]
) -> None:
    AuditRow.objects.create(
        user_id=user.pk,
        product=product,
        category=suggestion["category"],
        confidence=suggestion["confidence"],
    )


class ProductSerializer(serializers.Serializer[None]):
    name = serializers.CharField(max_length=500)
    description = serializers.CharField(allow_blank=True, required=False)
    brand = serializers.CharField(allow_blank=True, required=False)


class SuggestionSerializer(serializers.Serializer[dict[str, object]]):
    category = serializers.CharField()
    confidence = serializers.FloatField()


class Predict(APIView):
    authentication_classes = [TokenAuthentication] if AUDITS else []
    permission_classes = [IsAuthenticated] if AUDITS else []

    def post(self, request: Request) -> Response:
        product = ProductSerializer(data=request.data)
        product.is_valid(raise_exception=True)
        ask = httpx.post if STYLE == "plain" else _client.post
        answer = ask(f"{SERVICE}/predict", json=product.data, timeout=5)
        answer.raise_for_status()
        suggestion = SuggestionSerializer(answer.json()).data
        if AUDITS:
            record(request.user, product.data, suggestion)
        return Response(suggestion)


_client = httpx.Client(
    timeout=5,
    limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
)
_tokens = TokenAuthentication()


def predict(request: HttpRequest) -> HttpResponseBase:
    """Pass the body on as it came; the service validates it."""
    user = None
    if AUDITS:
        try:
            found = _tokens.authenticate(request)
        except AuthenticationFailed:
            found = None
        if found is None:
            return HttpResponse(status=401)
        user = found[0]
    answer = _client.post(
        f"{SERVICE}/predict",
        content=request.body,
        headers={"content-type": "application/json"},
    )
    if answer.status_code == 200 and user is not None:
        record(user, orjson.loads(request.body), orjson.loads(answer.content))
    response = HttpResponse(
        answer.content, status=answer.status_code, content_type="application/json"
    )
    # No middleware does it here, and without it gunicorn would answer in chunks.
    response["Content-Length"] = str(len(answer.content))
    return response


def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


urlpatterns = [
    path("predict", predict if STYLE == "tuned" else Predict.as_view()),
    path("health", health),
]
