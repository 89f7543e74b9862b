"""Who is signed in: asking, signing in and signing out, for pages that load once and stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, ParseError, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SessionAuthentication
from accounts.models import User
from accounts.permissions import digest_of, permissions_of
from accounts.sign_in import LOCKED, SignInForm
from config.tablet import build
from lib import clock
from lib.api import StrictSerializer, Text
from sync import feed
from sync.actions.feed import begin_epoch
from sync.api.pull import ModelNamed
from sync.feed import SCHEMA
from sync.standing import standing

_LONGEST_PASSWORD = 4096


class SessionOutput(serializers.Serializer[Any]):
    authenticated = serializers.BooleanField()
    user_id = serializers.IntegerField(allow_null=True)
    username = serializers.CharField(allow_null=True)
    display_name = serializers.CharField(allow_null=True)
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text='Sorted, such as "inventory.view_product".'
    )
    perms_hash = serializers.CharField(
        help_text="Differs when the permissions do: 16 hex digits of the SHA-256 of the "
        "permissions, joined by commas."
    )
    csrf = serializers.CharField(help_text="Send it back as X-CSRFToken with every write.")
    session_expires_at = serializers.DateTimeField(
        allow_null=True, help_text="Null without a session, also for a token."
    )
    server_time = serializers.DateTimeField()
    epoch = serializers.UUIDField(help_text="Cursors of another epoch are of no use.")
    sync_head = serializers.IntegerField(help_text="How far GET /sync/changes reaches.")
    model = ModelNamed(allow_null=True, help_text="Which model is live. Null: none.")
    schema = serializers.IntegerField(help_text="The format of what a tablet keeps.")
    build = serializers.CharField(
        allow_null=True, help_text="The digest of the tablet's page. Null: it is not built."
    )


class SignInInput(StrictSerializer):
    username = Text(max_length=150, trim_whitespace=False)
    password = Text(max_length=_LONGEST_PASSWORD, trim_whitespace=False)


class TooManyAttempts(Throttled):
    """No password is looked at for a while."""

    def __init__(self, refused: ValidationError) -> None:
        params = refused.params or {}
        super().__init__(wait=params["seconds"])
        self.detail = ErrorDetail(refused.messages[0], code=self.default_code)


# The CSRF middleware stands aside for the API, so this view sets the cookie itself.
@method_decorator(ensure_csrf_cookie, name="dispatch")
class CurrentSession(APIView):
    """Who is asking, and what they may do."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="read_session", responses=SessionOutput)
    def get(self, request: Request) -> Response:
        """Nobody is an answer too, and not a refusal: a page asks this before anything else.

        A page that never showed a form can write afterwards: the answer brings the CSRF cookie
        and the token that belongs to it.
        """
        return _told(request, request.user if isinstance(request.user, User) else None)

    @extend_schema(
        operation_id="sign_in",
        request=SignInInput,
        responses={
            200: SessionOutput,
            401: OpenApiResponse(description="wrong_credentials"),
            429: OpenApiResponse(description="Too many attempts failed; see Retry-After."),
        },
    )
    def post(self, request: Request) -> Response:
        """Safe to repeat: whoever is signed in already is signed in again, with new cookies."""
        browser = _browser(request)
        # Also of a stranger: nobody is to be signed in as somebody else by another site.
        SessionAuthentication().enforce_csrf(browser)
        data = SignInInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            user = authenticate(browser, **data.validated_data)
        except ValidationError as refused:
            if refused.code != LOCKED:
                raise
            raise TooManyAttempts(refused) from refused
        if not isinstance(user, User):
            raise AuthenticationFailed(
                SignInForm.error_messages["invalid_login"], code="wrong_credentials"
            )
        login(browser, user)
        return _told(request, user)

    @extend_schema(operation_id="sign_out", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Safe to repeat: a stranger is told the same."""
        browser = _browser(request)
        if browser.user.is_authenticated:
            logout(browser)
        return Response(status=204, headers={"Cache-Control": "no-store"})


def _browser(request: Request) -> HttpRequest:
    """Return the request, which has a session."""
    if not hasattr(request._request, "session"):
        raise ParseError("A token needs no session. Leave out the Authorization header.")
    return request._request


def _told(request: Request, user: User | None) -> Response:
    permissions = permissions_of(user)
    where = standing()
    return Response(
        {
            "authenticated": user is not None,
            "user_id": user.pk if user else None,
            "username": user.username if user else None,
            "display_name": str(user) if user else None,
            "permissions": permissions,
            "perms_hash": digest_of(permissions),
            "csrf": get_token(request._request),
            "session_expires_at": _session_end(request) if user else None,
            "server_time": clock.now(),
            "epoch": str(feed.era().epoch or begin_epoch(now=clock.now())),
            "sync_head": where.head,
            "model": {"sha256": where.model} if where.model else None,
            "schema": SCHEMA,
            "build": build(),
        },
        headers={"Cache-Control": "no-store"},
    )


def _session_end(request: Request) -> datetime | None:
    # What the session object calls its expiry is counted from now, not from when it was saved.
    session = getattr(request._request, "session", None)
    if session is None:
        return None
    found = Session.objects.filter(pk=session.session_key)
    return found.values_list("expire_date", flat=True).first()
