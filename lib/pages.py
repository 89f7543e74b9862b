"""What every page that is not for everybody shares."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from rest_framework.request import Request

from lib.api import BadQuery, QuerySerializer

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page_needs(*permissions: str) -> Callable[[View[P]], View[P]]:
    """Open a page to who has all of `permissions` ("app.codename"), and keep it out of caches.

    A stranger is sent to sign in and comes back afterwards. Who is signed in without the
    permission is refused: signing in again would not help.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            add_never_cache_headers(response)
            return response

        return guarded

    return decorate


def read_query(query: type[QuerySerializer], request: HttpRequest) -> dict[str, Any]:
    """Return what stands after the question mark, as `query` reads it. Raise BadQuery.

    A form sends the fields that were left empty too; they count as not given.
    """
    pairs = [(name, str(value)) for name, values in request.GET.lists() for value in values]
    plain = HttpRequest()
    plain.GET = QueryDict(urlencode([pair for pair in pairs if pair[1].strip()]))
    return query.read(Request(plain))


def not_understood(request: HttpRequest, error: BadQuery) -> HttpResponse:
    """Answer to an address that cannot be understood, and say what is wrong with it."""
    sentence = f"“{error.parameter}”: {error.detail}"
    return render(request, "400.html", {"sentence": sentence}, status=HTTPStatus.BAD_REQUEST)
