"""What may be asked: the fields of a product that a model can read, declared once.

The same table checks a request and writes its OpenAPI schema. It is a plain function and not a
serializer because every prediction passes through it, and a serializer would cost as much as
the prediction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from categorizer.canonical import canonical_json
from inventory.models import HEAVIEST_G, LONGEST_MM, Product

MOST_PRODUCTS = 1000
# A receipt becomes one entry of the ledger, and an entry has at most 65,535 bytes. This leaves
# room for the answer. A text of ordinary letters reaches its own limit long before.
MOST_INPUT_BYTES = 50_000

Features = dict[str, object]
_MONEY = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Text:
    longest: int
    about: str


@dataclass(frozen=True, slots=True)
class Whole:
    largest: int
    about: str


@dataclass(frozen=True, slots=True)
class Money:
    about: str


FIELDS: dict[str, Text | Whole | Money] = {
    "name": Text(500, "What the product is called"),
    "description": Text(20_000, "What its label or its supplier says about it"),
    "brand": Text(2000, "Who makes it"),
    "width_mm": Whole(LONGEST_MM, "Width in millimetres"),
    "height_mm": Whole(LONGEST_MM, "Height in millimetres"),
    "depth_mm": Whole(LONGEST_MM, "Depth in millimetres"),
    "weight_g": Whole(HEAVIEST_G, "Weight in grams"),
    "price": Money("An amount with at most two decimals, as a string"),
}


def schema() -> dict[str, Any]:
    """Return the OpenAPI schema of one product's features."""
    properties: dict[str, Any] = {}
    for name, field in FIELDS.items():
        own: dict[str, Any]
        match field:
            case Text():
                own = {"type": "string", "maxLength": field.longest}
            case Whole():
                own = {"type": "integer", "minimum": 1, "maximum": field.largest}
            case _:
                own = {"type": "string", "pattern": f"^{_MONEY.pattern}$", "example": "12.90"}
        properties[name] = own | {"nullable": True, "description": field.about}
    return {
        "type": "object",
        "description": "What is known of a product: at least one thing.",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
    }


def read(data: object) -> Features:
    """Return the features in a request body, without those that say nothing.

    Raise ValidationError with every fault.
    """
    if not isinstance(data, dict):
        raise ValidationError("Send a JSON object with what you know of the product.")
    features: Features = {}
    faults: dict[str, list[ErrorDetail]] = {}
    for name, value in data.items():
        field = FIELDS.get(name)
        if field is None:
            faults[name] = [ErrorDetail("There is no such field.", code="unknown_field")]
        elif value is not None and value != "":
            try:
                features[name] = _value(field, value)
            except _Wrong as wrong:
                faults[name] = [ErrorDetail(str(wrong), code=wrong.code)]
    if faults:
        raise ValidationError(faults)
    if not features:
        raise ValidationError(
            f"There is nothing to go by. Send at least one of {', '.join(FIELDS)}.", code="empty"
        )
    if is_too_long(features):
        raise ValidationError(
            f"The product takes more than {MOST_INPUT_BYTES:,} bytes. Shorten its description.",
            code="max_length",
        )
    return features


def read_many(data: list[object]) -> list[Features]:
    """Return the features of each product in a list. Raise ValidationError with every fault."""
    if not 1 <= len(data) <= MOST_PRODUCTS:
        raise ValidationError(
            f"Send 1 to {MOST_PRODUCTS:,} products in a list. This one has {len(data):,}.",
            code="list_length",
        )
    products: list[Features] = []
    faults: dict[str, Any] = {}
    for position, one in enumerate(data):
        try:
            products.append(read(one))
        except ValidationError as error:
            faults[str(position)] = error.detail
    if faults:
        raise ValidationError(faults)
    return products


def is_too_long(features: Features) -> bool:
    # A character takes at most six bytes, as an escaped control character does; most products
    # are so far from the limit that nothing needs to be encoded to know.
    characters = sum(len(value) for value in features.values() if isinstance(value, str))
    return characters > 8_000 and len(canonical_json(features)) > MOST_INPUT_BYTES


def of_product(product: Product) -> Features:
    """Return the features of a stored product: the same that a client would have to send."""
    features: Features = {}
    for name, field in FIELDS.items():
        value = getattr(product, name)
        if value is not None and value != "":
            features[name] = f"{value:.2f}" if isinstance(field, Money) else value
    return features


class _Wrong(Exception):
    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def _value(field: Text | Whole | Money, value: object) -> object:
    match field:
        case Text():
            if not isinstance(value, str):
                raise _Wrong("Write this as a string.", "not_text")
            if len(value) > field.longest:
                raise _Wrong(
                    f"At most {field.longest:,} characters. This has {len(value):,}.", "max_length"
                )
            return value
        case Whole():
            if isinstance(value, bool) or not isinstance(value, int):
                raise _Wrong("Write this as a whole number.", "not_whole")
            if not 1 <= value <= field.largest:
                raise _Wrong(f"This must be from 1 to {field.largest:,}.", "out_of_range")
            return value
        case Money():
            # repr() of a float is the shortest text that reads back as the same float, so what
            # the client wrote as 12.9 is 12.90 here.
            text = value if isinstance(value, str) else repr(value)
            if isinstance(value, bool) or not _MONEY.fullmatch(text):
                raise _Wrong(
                    'Write this as an amount with at most two decimals, such as "12.90".',
                    "not_money",
                )
            return f"{Decimal(text):.2f}"
