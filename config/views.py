"""Pages and answers that belong to no app."""

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from lib.api import problem_of, problem_response

# The description of the API is public; what it describes is not.


class Schema(SpectacularAPIView):
    permission_classes = [AllowAny]
    authentication_classes = []


class Docs(SpectacularSwaggerSplitView):
    permission_classes = [AllowAny]
    authentication_classes = []
    url_name = "schema"
    template_name = "api_docs.html"


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


# Error pages. Under /api/ every refusal is a problem (RFC 9457), also one that Django made
# before any view was found.


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problem_response(
            request,
            status=HTTPStatus.BAD_REQUEST,
            detail="This request cannot be understood.",
            code="bad_request",
        )
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problem_response(
            request,
            status=HTTPStatus.FORBIDDEN,
            detail="You do not have permission to do this.",
            code="permission_denied",
        )
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_api(request):
        return problem_response(
            request,
            status=HTTPStatus.NOT_FOUND,
            detail="There is nothing at this address.",
            code="not_found",
        )
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if _is_api(request):
        # Django calls this while it handles what nobody caught.
        return problem_of(request, sys.exception())
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_api(request):
        return problem_response(
            request, status=HTTPStatus.FORBIDDEN, detail=reason, code="csrf_failed"
        )
    return render(request, "403_csrf.html", status=HTTPStatus.FORBIDDEN)
