"""How bodies are read under /api/: as JSON, and strictly."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from lib.api.problems import MOST_ERRORS, TooLarge, problem_response

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


def load_json(raw: bytes, *, is_stored: bool = True) -> Any:
    """Return the JSON value that `raw` spells. Raise ParseError or ValidationError.

    Unless all of it `is_stored`, whoever reads on has to look for text that cannot be.
    """
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
    if is_stored and _SUSPECT.search(raw) and (faults := list(_unstorable(data))):
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
