"""Middleware that belongs to pages, and is not worth its time for the API.

Nobody frames a JSON answer, shows it a message or runs a script in it, and DRF checks the CSRF
token of whoever comes with a session. Together these took a third of the time of a prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

API = "/api/v1/"


class _Pages:
    """Stand aside for the API."""

    get_response: Callable[[HttpRequest], Any]

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class Static(_Pages, WhiteNoiseMiddleware):  # type: ignore[misc]  # it has no types
    pass


class ContentSecurityPolicy(_Pages, CSPMiddleware):
    pass


class Messages(_Pages, MessageMiddleware):
    pass


class Csrf(_Pages, CsrfViewMiddleware):
    pass


class Frames(_Pages, XFrameOptionsMiddleware):
    pass


class _People:
    """Stand aside for a program that comes with a token: it has no session."""

    get_response: Callable[[HttpRequest], Any]

    def __call__(self, request: HttpRequest) -> Any:
        if "HTTP_AUTHORIZATION" in request.META and request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class Sessions(_People, SessionMiddleware):
    pass


class Authentication(_People, AuthenticationMiddleware):
    pass
