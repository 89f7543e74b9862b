"""What every answer of the API says beside its own: whether there is more to fetch.

A tablet that gets any answer at all learns from two headers that the catalogue or the model has
changed, so that it need not keep asking. They cost no query: see sync/standing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.middleware import API
from sync.standing import last_known


def headers() -> Sequence[tuple[str, str]]:
    """Return the headers; none while the database has never answered."""
    known = last_known()
    if known is None:
        return ()
    return (("X-Sync-Head", str(known.head)), ("X-Model-Version", known.model or "none"))


class News:
    """Middleware: puts them on every answer, also on a refusal that another one made."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith(API):
            for name, value in headers():
                response[name] = value
        return response
