"""Inserting many rows of one table with few statements.

`bulk_create` builds its query anew for every call, which takes longer than the database needs
to write the rows. Here the statements of a table are made once. Rows are written as they are:
no default is computed by the database, no key is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from functools import lru_cache
from operator import attrgetter
from typing import Any

from django.db import connection, models

# What these hold goes to both databases as it is.
_PLAIN = (
    models.BinaryField,
    models.BooleanField,
    models.CharField,
    models.ForeignKey,
    models.IntegerField,
    models.TextField,
)
# SQLite takes at most 32,766 values in one statement.
_MOST_TOGETHER = 128


def insert(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model. Call it inside a transaction."""
    if not rows:
        return
    columns = _columns(type(rows[0]), connection.vendor)
    _write(
        type(rows[0]),
        len(columns),
        [
            getattr(row, name) if convert is None else convert(getattr(row, name))
            for row in rows
            for name, convert in columns
        ],
    )


def insert_values(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows that are no more than their values, in the order of the model's fields.

    Making a row of Django's costs more than writing it. A key that the database draws is left out.
    """
    if not rows:
        return
    converters = [convert for _, convert in _columns(model, connection.vendor)]
    if any(converters):
        values = [
            value if convert is None else convert(value)
            for row in rows
            for value, convert in zip(row, converters, strict=True)
        ]
    else:
        values = [value for row in rows for value in row]
    _write(model, len(converters), values)


def _write(model: type[models.Model], width: int, values: list[Any]) -> None:
    start = 0
    with connection.cursor() as cursor:
        # 13 rows are written as 8, 4 and 1: few statements, all of them known to the driver. One
        # at a time would let go of the interpreter for each, and in a busy process it takes a
        # while to get it back.
        for count in _parts(len(values) // width):
            stop = start + count * width
            cursor.execute(_statement(model, count, connection.vendor), values[start:stop])
            start = stop


def _parts(count: int) -> Iterator[int]:
    """Split a number into powers of two of at most _MOST_TOGETHER, the largest first."""
    while count:
        part = min(_MOST_TOGETHER, 1 << (count.bit_length() - 1))
        yield part
        count -= part


def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [
        field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)
    ]


@lru_cache(maxsize=16)
def _columns(
    model: type[models.Model], vendor: str
) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    return tuple((field.attname, _converter(field, vendor)) for field in _fields(model))


@lru_cache(maxsize=64)
def _statement(model: type[models.Model], count: int, vendor: str) -> str:
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column or "") for field in _fields(model))
    row = f"({', '.join(['%s'] * len(_fields(model)))})"
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([row] * count)}"


def _converter(field: models.Field[Any, Any], vendor: str) -> Callable[[Any], Any] | None:
    if isinstance(field, _PLAIN):
        return None
    if vendor == "sqlite" and isinstance(field, models.UUIDField) and not field.null:
        return attrgetter("hex")
    if vendor == "sqlite" and isinstance(field, models.DateTimeField) and not field.null:
        # What Django makes of a moment too, by way of ten functions.
        return lambda at: str(at.astimezone(UTC).replace(tzinfo=None))
    return lambda value: field.get_db_prep_save(value, connection)
