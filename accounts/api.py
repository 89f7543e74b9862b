from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actions
from accounts.idempotency import idempotent
from accounts.models import User
from lib import clock
from lib.api import StrictSerializer, Whole

_ID_LENGTH = 32


def token_id(digest: str) -> str:
    """Return the public name of a token: the start of its digest, which reveals nothing."""
    return digest[:_ID_LENGTH]


class TokenInput(StrictSerializer):
    expires_in_days = Whole(min_value=1, max_value=3650, required=False)


class TokenOutput(serializers.Serializer[AuthToken]):
    id = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class NewTokenOutput(TokenOutput):
    token = serializers.CharField(
        allow_null=True, help_text="Shown once. Null when the answer is sent again."
    )


class TokenListOutput(serializers.Serializer[Any]):
    results = TokenOutput(many=True)


def _shown(token: AuthToken) -> dict[str, object]:
    return {
        "id": token_id(token.digest),
        "created_at": token.created,
        "expires_at": token.expiry,
    }


class Tokens(APIView):
    """The tokens of whoever asks."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="list_tokens", responses=TokenListOutput)
    def get(self, request: Request) -> Response:
        own = AuthToken.objects.filter(user=request.user).order_by("created", "digest")
        return Response({"results": [_shown(token) for token in own]})

    @extend_schema(
        operation_id="create_token",
        request=TokenInput,
        responses={201: NewTokenOutput},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    @idempotent(secret=["token"])
    def post(self, request: Request) -> Response:
        data = TokenInput(data=request.data)
        data.is_valid(raise_exception=True)
        assert isinstance(request.user, User)
        now = clock.now()
        token, text = actions.create_token(
            user=request.user,
            by=request.user,
            now=now,
            lifetime=timedelta(days=data.validated_data["expires_in_days"])
            if "expires_in_days" in data.validated_data
            else None,
        )
        return Response({**_shown(token), "token": text}, status=201)


class TokenDetail(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="revoke_token", responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        assert isinstance(request.user, User)
        token = AuthToken.objects.filter(user=request.user, digest__startswith=id).first()
        if token is None:
            raise NotFound("You have no such token.")
        actions.revoke_token(digest=token.digest, by=request.user, now=clock.now())
        return Response(status=204)
