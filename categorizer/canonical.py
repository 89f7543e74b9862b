"""Canonical JSON: one value, one byte string (RFC 8785 for values without floats)."""

from __future__ import annotations

import json

_SAFE_INTEGER = 2**53 - 1


def canonical_json(value: object) -> bytes:
    """Return the canonical bytes of a value of dict, list, str, int, bool and None.

    Raises TypeError for anything else (floats above all: two languages print them differently) and
    ValueError for an integer beyond 2**53 - 1 or text that is not valid Unicode.
    """
    return json.dumps(
        _checked(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()


def _checked(value: object) -> object:
    """Return the value with the keys of every object in RFC 8785 order (UTF-16 code units)."""
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > _SAFE_INTEGER:
                raise ValueError(f"{value} is beyond 2**53 - 1")
            return value
        case dict():
            if not all(isinstance(name, str) for name in value):
                raise TypeError("names must be text")
            ordered = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
            return {name: _checked(value[name]) for name in ordered}
        case list() | tuple():
            return [_checked(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")
