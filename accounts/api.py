import re
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, NotFound, Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actions
from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from accounts.models import User
from lib import clock
from lib.api import StrictSerializer, Text, Whole

_ID_LENGTH = 32
# A checkpoint has some 200 characters, and each witness that cosigned it adds about as many.
_MOST_NOTE = 20_000


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
        parameters=[IDEMPOTENCY_KEY],
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

    @extend_schema(operation_id="revoke_token", responses={204: None}, parameters=[IDEMPOTENCY_KEY])
    @idempotent()
    def delete(self, request: Request, id: str) -> Response:
        assert isinstance(request.user, User)
        token = AuthToken.objects.filter(user=request.user, digest__startswith=id).first()
        if token is None:
            raise NotFound("You have no such token.")
        actions.revoke_token(digest=token.digest, by=request.user, now=clock.now())
        return Response(status=204)


class Digest(Text):
    """64 hexadecimal digits."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_digest": "Write this as the 64 hexadecimal digits of a SHA-256, in small letters."
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(r"[0-9a-f]{64}", text, re.ASCII):
            self.fail("not_digest")
        return text


class AlarmInput(StrictSerializer):
    kept = Text(
        max_length=_MOST_NOTE,
        trim_whitespace=False,
        help_text="The signed note that the tablet had accepted, word for word.",
    )
    seen = Text(
        max_length=_MOST_NOTE,
        trim_whitespace=False,
        allow_blank=True,
        help_text="What the server showed instead. Empty if it showed nothing.",
    )


class TabletInput(StrictSerializer):
    model_sha256 = Digest(
        allow_null=True,
        trim_whitespace=False,
        help_text="The model whose suggestions the tablet shows. Null: none.",
    )
    checkpoint_size = Whole(
        min_value=0,
        max_value=2**53 - 1,
        help_text="How many entries the log had when the tablet last found it whole.",
    )
    alarm = AlarmInput(
        required=False, allow_null=True, help_text="Two notes that cannot both be true."
    )


class TabletOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    model_sha256 = serializers.CharField(allow_null=True)
    checkpoint_size = serializers.IntegerField()
    first_seen_at = serializers.DateTimeField()
    alarmed_at = serializers.DateTimeField(allow_null=True)


class TooManyReports(Throttled):
    """More news than tablets have."""

    def __init__(self, detail: str) -> None:
        super().__init__()
        self.detail = ErrorDetail(detail, code=self.default_code)


class TabletDetail(APIView):
    """What a tablet says of itself, under the name that it gave itself."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="report_tablet",
        request=TabletInput,
        responses=TabletOutput,
        parameters=[IDEMPOTENCY_KEY],
    )
    @idempotent()
    def post(self, request: Request, id: UUID) -> Response:
        """Safe to repeat: what is no news is answered, and writes nothing."""
        data = TabletInput(data=request.data)
        data.is_valid(raise_exception=True)
        assert isinstance(request.user, User)
        told = data.validated_data
        alarm = told.get("alarm")
        try:
            tablet = actions.report_tablet(
                uuid=id,
                model_sha256=told["model_sha256"] or "",
                checkpoint_size=told["checkpoint_size"],
                alarm=actions.Alarm(**alarm) if alarm else None,
                by=request.user,
                now=clock.now(),
            )
        except actions.TooManyReports as error:
            raise TooManyReports(str(error)) from error
        return Response(
            {
                "id": tablet.uuid,
                "model_sha256": tablet.model_sha256 or None,
                "checkpoint_size": tablet.checkpoint_size,
                "first_seen_at": tablet.first_seen_at,
                "alarmed_at": tablet.alarmed_at,
            }
        )
