"""Signing in with a password, and how often one may try.

Guessing is slowed down twice: under one name from one address, and from one address altogether.
The second bound is far higher, because behind one address there may be a whole warehouse. There is
no bound for a name alone: with it, anybody could lock anybody out.
"""

from __future__ import annotations

import ipaddress
import math
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from accounts import actions
from accounts.actions import Limit
from accounts.models import User
from lib import clock

MOST_UNDER_ONE_NAME = 5
MOST_FROM_ONE_ADDRESS = 100
LOCKED = "too_many_attempts"


class Passwords(ModelBackend):
    """Checks a password, unless too many were wrong. Every form that signs in comes here."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if request is None or username is None:  # no form: a program on this machine
            return super().authenticate(request, username, password, **kwargs)
        address = address_of(request)
        limits = [
            Limit(_key("address", address), MOST_FROM_ONE_ADDRESS, "address"),
            Limit(_key("name", address, username), MOST_UNDER_ONE_NAME, "name and address"),
        ]
        now = clock.now()
        try:
            actions.attempt_sign_in(limits=limits, username=username, address=address, now=now)
        except actions.TooManyAttempts as refused:
            # Not PermissionDenied, which the form would show as a wrong password.
            seconds = math.ceil((refused.until - now).total_seconds())
            raise ValidationError(
                _wait(seconds), code=LOCKED, params={"seconds": seconds}
            ) from refused
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            actions.forgive_sign_in(limits=limits)
        return user


def _wait(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return (
        "Too many attempts failed, so no password is checked for a while. Try again in "
        f"{minutes} minute{'' if minutes == 1 else 's'}."
    )


def _key(kind: str, *parts: str) -> str:
    text = "\0".join((kind, *parts))
    return salted_hmac("accounts.sign_in", text, algorithm="sha256").hexdigest()


def address_of(request: HttpRequest) -> str:
    """Return the address that a request comes from, as far as nobody could make it up.

    Behind a proxy that is the last one in X-Forwarded-For, which our own proxy wrote; whatever
    stands before it was sent by the client. Whoever has IPv6 has 2**64 addresses, so these count
    as one.
    """
    told = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        told = request.META.get("HTTP_X_FORWARDED_FOR", told).rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "This name and password do not belong together. Check both, also for "
        "capital letters, and try again.",
        "inactive": "This account is not active.",
    }


class SignIn(LoginView):
    authentication_form = SignInForm

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_invalid(form)
        for error in form.errors.as_data().get(NON_FIELD_ERRORS, []):
            if error.code == LOCKED and error.params:
                response.status_code = 429
                response["Retry-After"] = str(error.params["seconds"])
        return response
