"""What every endpoint under /api/ shares: how bodies are read and how refusals look.

A refusal is `application/problem+json` (RFC 9457). Its `errors` name the place of each
fault in the request body as a JSON pointer (RFC 6901), such as `/17/name`.
"""

import json
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework import exceptions, serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:  # DRF's views read the settings, and the settings name classes of this module
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
MOST_ERRORS = 100


# Refusals


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


# Bodies

# Only an escape can bring a NUL or half a surrogate pair into a JSON string: a raw one is
# neither JSON nor UTF-8. So a body is searched value by value only if it has such an escape.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class StrictJSONParser(BaseParser):
    """Reads JSON and nothing that merely looks like it.

    Refuses NaN and Infinity, the same key twice in one object, NUL, half a surrogate pair,
    nesting without end, and bodies over DATA_UPLOAD_MAX_MEMORY_SIZE.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        assert parser_context is not None
        return parse_json(parser_context["request"]._request)


class JSONOnly(BaseContentNegotiation):
    """Answer in JSON, whatever was asked for.

    For the busiest views, where weighing alternatives that there are not takes longer than
    reading the body, and for Prometheus, which asks for formats of its own.
    """

    _parser = StrictJSONParser()
    _renderer = JSONRenderer()

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return self._parser

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        return self._renderer, "application/json"


def parse_json(request: HttpRequest) -> Any:
    """Return the JSON value in the body of `request`."""
    try:
        raw = request.body
    except RequestDataTooBig as error:
        raise TooLarge from error
    except UnreadablePostError as error:
        raise exceptions.ParseError("The request body ended too early.") from error
    return load_json(raw)


def load_json(raw: bytes) -> Any:
    """Return the JSON value that `raw` spells. Raise ParseError or ValidationError."""
    try:
        data = json.loads(
            raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_twins
        )
    except UnicodeDecodeError as error:
        raise exceptions.ParseError(
            f"The request body is not UTF-8: see byte {error.start}."
        ) from error
    except RecursionError as error:
        raise exceptions.ParseError("The request body is nested too deeply.") from error
    except ValueError as error:
        raise exceptions.ParseError(f"The request body is not JSON: {error}") from error
    if _SUSPECT.search(raw) and (faults := list(_unstorable(data))):
        raise ValidationError(_nest(faults))
    return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} appears twice in one object")
            seen.add(key)
    return result


def text_fault(text: str) -> str | None:
    """Say why `text` cannot be stored, or return None."""
    if "\0" in text:
        return "Leave out the NUL character."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "Half of a surrogate pair is not a character."
    return None


def _unstorable(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    match data:
        case str():
            if fault := text_fault(data):
                yield path, fault
        case dict():
            for key, value in data.items():
                if fault := text_fault(key):
                    yield (*path, key.replace("\0", "\\u0000")), fault
                yield from _unstorable(value, (*path, key))
        case list():
            for position, value in enumerate(data):
                yield from _unstorable(value, (*path, str(position)))


def _nest(faults: list[tuple[tuple[str, ...], str]]) -> dict[str, Any] | list[str]:
    nested: dict[str, Any] = {}
    for path, fault in faults[:MOST_ERRORS]:
        if not path:
            return [fault]
        place = nested
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if isinstance(place, list):
                break
        else:
            place.setdefault(path[-1], [fault])
    return nested


def require_length(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Refuse chunked bodies (a middleware).

    Django reads as many bytes as Content-Length says. Without that header it would see an
    empty body, and the sender would be told about missing fields.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            return problem_response(
                request,
                status=411,
                detail="Send the body with a Content-Length header, not in chunks.",
                code="length_required",
            )
        return get_response(request)

    return middleware


# Fields


class Text(serializers.CharField):
    """A JSON string. A number is not a string here, and neither is True."""

    default_error_messages: ClassVar[dict[str, Any]] = {"not_text": "Write this as a string."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        if fault := text_fault(data):
            raise ValidationError(fault, code="unstorable")
        return data.strip() if self.trim_whitespace else data


class Whole(serializers.IntegerField):
    """A JSON number without a fraction. "12" and True are not numbers here."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_whole": "Write this as a whole number."
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("not_whole")
        return data


_MONEY = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?", re.ASCII)


class Money(serializers.DecimalField):
    """An amount with at most two decimals, best written as a string: "12.90"."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_money": 'Write this as an amount with at most two decimals, such as "12.90".'
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, **kwargs)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        # DRF takes an empty string for null here.
        return serializers.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("not_money")
        # repr() of a float is the shortest text that reads back as the same float, so what
        # the client wrote as 12.9 is 12.9 here.
        text = data if isinstance(data, str) else repr(data)
        if not _MONEY.fullmatch(text):
            self.fail("not_money")
        return Decimal(text)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelt one is not silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown: dict[str, Any] = {}
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = {
                name: [ErrorDetail("There is no such field.", code="unknown_field")]
                for name in data
                if name not in known
            }
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **unknown}) from error
            raise
        if unknown:
            raise ValidationError(unknown)
        return value


# Queries: what stands after the question mark


class QuerySerializer(serializers.Serializer[Any]):
    """Reads query parameters. An unknown or repeated one is refused, not ignored."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        query = cls(data=request.query_params.dict())
        for name, values in request.query_params.lists():
            if name not in query.fields:
                raise BadQuery(name, "There is no such parameter.")
            if len(values) > 1:
                raise BadQuery(name, "Give this parameter once.")
        if not query.is_valid():
            name, messages = next(iter(query.errors.items()))
            raise BadQuery(str(name), str(messages[0]))
        return dict(query.validated_data)


def next_page(request: Request, **place: object) -> str:
    """Return the address of the page that starts at `place`, with the same filters.

    `place` is one parameter and its value, such as after=20.
    """
    query = request.query_params.copy()
    for name, value in place.items():
        query[name] = str(value)
    return f"{request.path}?{query.urlencode()}"


# Permissions


class Nobody(BasePermission):
    """The permission of a view that does not say who may use it."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False


def needs(permission: str, **by_method: str) -> type[BasePermission]:
    """Return a permission class: who asks needs `permission` ("app.codename").

    `by_method` names another permission for a method: needs("inventory.view_product",
    POST="inventory.add_product").
    """

    class Needs(BasePermission):
        permissions: ClassVar[dict[str, str]] = {"*": permission, **by_method}

        def has_permission(self, request: Request, view: "APIView") -> bool:
            wanted = by_method.get(request.method or "", permission)
            return request.user.is_authenticated and request.user.has_perm(wanted)

    return Needs
