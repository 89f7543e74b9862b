"""Who is asking: a person with a session, or a program with a token."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.http import HttpRequest
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.models import User
from lib import clock

_MOST_CACHED = 10_000


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in person. Writes need the CSRF token; whoever is not signed in gets a 401."""

    def authenticate_header(self, request: Request) -> str:
        # With a challenge to name, DRF answers 401; a client can tell "sign in again" from
        # "you may not".
        return "Session"

    def enforce_csrf(self, request: Request | HttpRequest) -> None:
        try:
            super().enforce_csrf(request)  # type: ignore[arg-type]  # DRF passes either
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied(str(error.detail), code="csrf_failed") from error


@dataclass(frozen=True, slots=True)
class _Known:
    user: User
    token: AuthToken
    expiry: datetime | None
    until: float  # on the monotonic clock


class CachedTokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Token …` or `Bearer …`, looked up at most once in a short while.

    The database holds a SHA-512 of each token, which is also the key of the cache, so that
    neither holds a token. An answer is kept for TOKEN_CACHE_SECONDS: for that long, a token
    that was revoked, a person who was deactivated or a permission that was taken away in
    another process still counts here. The token's own expiry is checked on every request.
    """

    _known: ClassVar[dict[str, _Known]] = {}

    def authenticate(self, request: Request) -> tuple[User, AuthToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() not in ("token", "bearer"):
            return None
        token = token.strip()
        # Tokens are hexadecimal. Anything else need not be hashed, and the header may be
        # bytes that are no text at all.
        if not token.isascii() or not token.isalnum():
            raise exceptions.AuthenticationFailed("Invalid token.")
        digest = hash_token(token)
        known = self._known.get(digest)
        if known is None or known.until < time.monotonic():
            known = self._look_up(digest)
        if known.expiry is not None and known.expiry <= clock.now():
            self._known.pop(digest, None)
            raise exceptions.AuthenticationFailed("This token has expired. Make a new one.")
        return known.user, known.token

    def authenticate_header(self, request: Request) -> str:
        return "Token"

    @classmethod
    def recall(cls, header: str) -> tuple[User, AuthToken] | None:
        """Return whom an Authorization header names if `authenticate` said so a moment ago.

        Asks nobody: None means only that somebody has to be asked.
        """
        scheme, _, token = header.partition(" ")
        if scheme not in ("Token", "Bearer") or not token.isascii():
            return None
        known = cls._known.get(hash_token(token))
        if known is None or known.until < time.monotonic():
            return None
        if known.expiry is not None and known.expiry <= clock.now():
            return None
        return known.user, known.token

    def _look_up(self, digest: str) -> _Known:
        self._known.pop(digest, None)
        token = AuthToken.objects.select_related("user").filter(pk=digest).first()
        if token is None:
            raise exceptions.AuthenticationFailed("Invalid token.")
        user: User = token.user
        if not user.is_active:
            raise exceptions.AuthenticationFailed("This account is not active.")
        # Django keeps the answer on the user object, which is shared until it is looked up
        # anew: views read it and change nothing on it.
        user.get_all_permissions()
        known = _Known(user, token, token.expiry, time.monotonic() + settings.TOKEN_CACHE_SECONDS)
        if settings.TOKEN_CACHE_SECONDS:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            self._known[digest] = known
        return known


def forget_tokens() -> None:
    """Empty this process's cache, so that a revocation counts here at once."""
    CachedTokenAuthentication._known.clear()
