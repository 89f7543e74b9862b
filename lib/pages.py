"""What every page that is not for everybody shares."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

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


def not_understood(request: HttpRequest, sentence: str) -> HttpResponse:
    """Answer to an address that cannot be understood, and say what is wrong with it."""
    return render(request, "400.html", {"sentence": sentence}, status=HTTPStatus.BAD_REQUEST)
