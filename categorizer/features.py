"""From a product to the features the model counts: words, word pairs, digit shapes, character
n-grams, number buckets.

Training and serving share this module, and the TypeScript twin copies it to the letter. A feature
is named by the CRC-32 of its UTF-8 text, for example `w0 drill` (word of the first text field), `b0
cordless drill` (pair), `z0 00v` (digit shape), `c1 dri` (character n-gram of the second text
field), `n2 f41` (bucket of the third number). docs/artifact-format.md is the specification.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from zlib import crc32

from categorizer.text import FoldTable, words

MAX_TEXT_FIELDS = 6
MAX_NUMBER_FIELDS = 12
# A block is a group of features that is scaled to length one by itself, so that a long description
# cannot drown a short name. Each text field has two (words, characters); all numbers together are
# one.
BLOCKS_PER_TEXT_FIELD = 2

_DIGIT = re.compile("[0-9]")
_NUMBER = re.compile(r"[ \t]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*")
_UNITS_PER_ONE = 1024
_MAX_UNITS = 2**53 - 1


class BadProduct(ValueError):
    """A product cannot be read. `field` names where; the message may be shown."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Which fields become which features; part of the model file, so the twin reads it there.

    `chars_from` and `chars_to` are the shortest and longest character n-gram; both 0 means none.
    """

    text_fields: tuple[str, ...]
    number_fields: tuple[str, ...]
    chars_from: int = 2
    chars_to: int = 4

    def __post_init__(self) -> None:
        fields = self.text_fields + self.number_fields
        if not 1 <= len(self.text_fields) <= MAX_TEXT_FIELDS:
            raise ValueError(
                f"between 1 and {MAX_TEXT_FIELDS} text fields, not {len(self.text_fields)}"
            )
        if len(self.number_fields) > MAX_NUMBER_FIELDS:
            raise ValueError(
                f"at most {MAX_NUMBER_FIELDS} number fields, not {len(self.number_fields)}"
            )
        if len(set(fields)) != len(fields):
            raise ValueError("a field is named twice")
        if (self.chars_from, self.chars_to) != (0, 0) and not (
            1 <= self.chars_from <= self.chars_to <= 8
        ):
            raise ValueError("character n-grams need 1 <= chars_from <= chars_to <= 8, or 0 and 0")

    @property
    def blocks(self) -> int:
        """How many blocks a product has; the last one holds the numbers."""
        return BLOCKS_PER_TEXT_FIELD * len(self.text_fields) + 1


def key(feature: str) -> int:
    """Return the 32-bit name of a feature."""
    return crc32(feature.encode())


def word_features(field: int, word: str) -> list[str]:
    """Return the features of one word in the word block: itself and, if it has digits, its digit
    shape.
    """
    if _DIGIT.search(word):
        return [f"w{field} {word}", f"z{field} {_DIGIT.sub('0', word)}"]
    return [f"w{field} {word}"]


def pair_feature(field: int, first: str, second: str) -> str:
    """Return the feature of two neighbouring words."""
    return f"b{field} {first} {second}"


def char_features(field: int, word: str, spec: FeatureSpec) -> list[str]:
    """Return the character n-grams of one word, `<` and `>` marking its ends; n-grams are over code
    points.
    """
    if not spec.chars_to:
        return []
    marked = f"<{word}>"
    return [
        f"c{field} {marked[start : start + length]}"
        for length in range(spec.chars_from, spec.chars_to + 1)
        for start in range(len(marked) - length + 1)
    ]


def read_text(product: Mapping[str, object], field: str) -> str:
    """Return a text field; missing is empty. Raise BadProduct."""
    value = product.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadProduct(field, "must be text")
    return value


def read_number(product: Mapping[str, object], field: str) -> float | None:
    """Return a number field as the nearest double; missing (absent, None, blank text) is None.
    Raise BadProduct.

    Text is read by a fixed grammar (ASCII digits, optional sign, point and exponent), so that every
    language agrees.
    """
    value = product.get(field)
    if value is None:
        return None
    if isinstance(value, str):
        if not value.strip(" \t"):
            return None
        if not _NUMBER.fullmatch(value):
            raise BadProduct(field, "must be a number")
    elif isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise BadProduct(field, "must be a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise BadProduct(field, "is too large") from error
    if not math.isfinite(number):
        raise BadProduct(field, "must be a finite number" if math.isnan(number) else "is too large")
    return number


def number_features(index: int, number: float | None) -> list[str]:
    """Return the bucket features of one number: quarter, half and whole octaves, so that neighbours
    share some.

    Bucket q holds the u = floor(1024 * |number|) with 2**q <= u**4 < 2**(q+1); u is capped at 2**53
    - 1.
    """
    if number is None:
        return [f"n{index} -"]
    sign = "-" if number < 0 else ""
    scaled = abs(number) * _UNITS_PER_ONE  # exact: a power of two
    units = math.floor(scaled) if scaled < _MAX_UNITS else _MAX_UNITS
    if units == 0:
        return [f"n{index} 0"]
    quarter = (units**4).bit_length() - 1
    return [
        f"n{index} f{sign}{quarter}",
        f"n{index} h{sign}{quarter // 2}",
        f"n{index} o{sign}{quarter // 4}",
        f"n{index} p{sign}{(quarter + 2) // 4}",
    ]


def read_numbers(product: Mapping[str, object], spec: FeatureSpec) -> list[str]:
    """Return the features of the number block. Raise BadProduct."""
    return [
        feature
        for index, field in enumerate(spec.number_fields)
        for feature in number_features(index, read_number(product, field))
    ]


def blocks(product: Mapping[str, object], spec: FeatureSpec, table: FoldTable) -> list[list[str]]:
    """Return the features of a product, block by block, repeated as often as they occur. Raise
    BadProduct.

    This is the plain statement of what a model reads; `model` and `training` compute the same with
    caches.
    """
    found: list[list[str]] = []
    for index, field in enumerate(spec.text_fields):
        text = words(read_text(product, field), table)
        found.append(
            [feature for word in text for feature in word_features(index, word)]
            + pairs(index, text)
        )
        found.append([feature for word in text for feature in char_features(index, word, spec)])
    found.append(read_numbers(product, spec))
    return found


def pairs(field: int, text: Sequence[str]) -> list[str]:
    """Return the pair features of a field's words."""
    return [pair_feature(field, first, second) for first, second in pairwise(text)]
