"""What may stand in a body and after the question mark."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from lib.api.bodies import text_fault
from lib.api.problems import BadQuery


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
