"""How refusals look under /api/.

A refusal is `application/problem+json` (RFC 9457). Its `errors` name the place of each
fault in the request body as a JSON pointer (RFC 6901), such as `/17/name`.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
MOST_ERRORS = 100


class Conflict(APIException):
    """What was asked does not fit what is stored now."""

    status_code = 409
    default_detail = "This does not fit what is stored now."
    default_code = "conflict"
    # More members of the problem, such as the version that is stored now.
    members: Mapping[str, object] = {}


class Unprocessable(APIException):
    """The request is well formed, but cannot be carried out as it stands."""

    status_code = 422
    default_detail = "This cannot be carried out as it stands."
    default_code = "unprocessable"


class TooLarge(APIException):
    status_code = 413
    default_detail = "The request body is too large. Send it in smaller parts."
    default_code = "too_large"


class Unavailable(APIException):
    """It cannot be done now; nothing has happened, and it may well be possible in a moment."""

    status_code = 503
    default_detail = "The database does not answer. Nothing has happened; try again in a moment."
    default_code = "unavailable"
    retry_after = 1


class BadQuery(APIException):
    """A parameter after the question mark cannot be used."""

    status_code = 400
    default_code = "invalid_query"

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter


def pointer(path: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) for a path of keys and positions."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _leaves(
    detail: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], ErrorDetail | str]]:
    match detail:
        case Mapping():
            for key, value in detail.items():
                own = () if key == "non_field_errors" else (key,)
                yield from _leaves(value, path + own)
        case list() | tuple():
            for position, value in enumerate(detail):
                # A list of sentences is about one place; a list of anything else is about
                # the items of a list that was sent.
                own = () if isinstance(value, str) else (position,)
                yield from _leaves(value, path + own)
        case _:
            yield path, detail if isinstance(detail, str) else str(detail)


def field_errors(detail: object) -> list[dict[str, str]]:
    """Flatten DRF's nested error detail into a list of errors with JSON pointers."""
    errors = []
    for path, message in _leaves(detail):
        names = [part for part in path if isinstance(part, str) and not part.isdigit()]
        errors.append(
            {
                "pointer": pointer(path),
                "field": names[-1] if names else "",
                "detail": str(message),
                "code": str(getattr(message, "code", None) or "invalid"),
            }
        )
    return errors


def _presentable(value: str) -> str:
    # A request can name a field by half of a surrogate pair, which has no UTF-8 form.
    return value.encode("utf-8", "backslashreplace").decode()


def problem(
    request: HttpRequest,
    *,
    status: int,
    detail: str,
    code: str,
    errors: list[dict[str, str]] | None = None,
    **more: Any,
) -> dict[str, object]:
    """Return the body of a refusal as RFC 9457 lays it out."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _presentable(detail),
        "instance": request.path,
        "request_id": str(getattr(request, "request_id", "")),
        "code": code,
    }
    if errors is not None:
        body["errors"] = [
            {key: _presentable(value) for key, value in error.items()}
            for error in errors[:MOST_ERRORS]
        ]
        body["error_count"] = len(errors)
    return body | more


def problem_response(
    request: HttpRequest, *, status: int, detail: str, code: str, **more: Any
) -> HttpResponse:
    """Answer with a problem from outside a DRF view, such as an error page of Django."""
    body = problem(request, status=status, detail=detail, code=code, **more)
    return JsonResponse(body, status=status, content_type=PROBLEM)


def problem_of(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """Answer to what nobody caught: the database is away, or we have made a mistake."""
    if not isinstance(error, OperationalError | InterfaceError):
        return problem_response(
            request,
            status=500,
            detail="Something went wrong here. It has been written to the log.",
            code="server_error",
        )
    away = Unavailable()
    response = problem_response(
        request, status=503, detail=str(away.detail), code=away.default_code
    )
    response["Retry-After"] = str(away.retry_after)
    return response


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem. What nobody foresaw stays a crash (500)."""
    request: HttpRequest = context["request"]._request
    match exc:
        case Http404():
            exc = exceptions.NotFound(*exc.args) if exc.args else exceptions.NotFound()
        case PermissionDenied():
            exc = exceptions.PermissionDenied(*exc.args)
        case RequestDataTooBig():
            exc = TooLarge()
        case InterfaceError() | OperationalError():
            log.error("the database does not answer", exc_info=exc)
            exc = Unavailable()
    if not isinstance(exc, APIException):
        return None

    headers: dict[str, str] = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    elif after := getattr(exc, "retry_after", None):
        headers["Retry-After"] = str(after)

    errors: list[dict[str, str]] | None = None
    if isinstance(exc, ValidationError):
        errors = field_errors(exc.detail)
        code, detail = "invalid", _summary(errors)
    else:
        codes = exc.get_codes()
        code = codes if isinstance(codes, str) else str(exc.default_code)
        detail = str(exc.detail) if isinstance(exc.detail, str) else str(exc.default_detail)
    more: dict[str, object] = dict(getattr(exc, "members", {}))
    if isinstance(exc, BadQuery):
        more["parameter"] = _presentable(exc.parameter)

    return Response(
        problem(request, status=exc.status_code, detail=detail, code=code, errors=errors, **more),
        status=exc.status_code,
        headers=headers,
        content_type=PROBLEM,
    )


def _summary(errors: list[dict[str, str]]) -> str:
    if not errors:
        return "The request is not valid."
    first = errors[0]
    place = f"{first['pointer']}: " if first["pointer"] else ""
    rest = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    return f"{place}{first['detail']}{rest}"
