"""Reading products from a CSV file, whatever its columns are called and measured in.

Nothing here touches the database: `read` turns a file into rows that fit a product, and
into faults that name their line. What happens with the rows is `actions.import_products`.
"""

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TextIO

from django.core.exceptions import ValidationError

from inventory.models import (
    HEAVIEST_G,
    LONGEST_MM,
    SEPARATOR,
    Category,
    Product,
    ProductFields,
    read_gtin,
)
from lib.api import text_fault
from lib.spreadsheet import unguard

_TEXTS = ("sku", "name", "description", "brand")
_LARGEST = {
    "width_mm": LONGEST_MM,
    "height_mm": LONGEST_MM,
    "depth_mm": LONGEST_MM,
    "weight_g": HEAVIEST_G,
}
FIELDS = (*_TEXTS, "gtin", *_LARGEST, "price", "category")
_REQUIRED = ("sku", "name")
_LONGEST = {field.name: field.max_length for field in Product._meta.fields if field.name in _TEXTS}
_LONGEST_LINE = 1_000_000
_MOST_COLUMNS = 500
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{0,15})?", re.ASCII)
_SPEC = re.compile(r"(?P<field>\w+)=(?P<column>.+?)(?:\s*\*\s*(?P<factor>[0-9]+(?:\.[0-9]+)?))?")


class CannotImport(Exception):
    """The file as a whole cannot be read. The message is fit to show to the person who asked."""


class _Refused(Exception):
    """A value does not fit."""


@dataclass(frozen=True, slots=True)
class Source:
    """The column that a field is read from, and what its numbers are multiplied by."""

    column: str
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that fits: the fields that the file has a column for, and its category's path."""

    line: int
    fields: ProductFields
    category: str | None
    digest: bytes  # SHA-256 of the values as they were read


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row was left out."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.field}: " if self.field else ""
        return f"line {self.line}: {place}{self.message}"


def read_map(specs: Sequence[str]) -> dict[str, Source]:
    """Read "field=column" and "field=column*factor", such as width_mm=width*10 for centimetres."""
    sources: dict[str, Source] = {}
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None:
            raise CannotImport(f"“{spec}” is no map: write field=column or field=column*10.")
        field = match["field"]
        if field not in FIELDS:
            raise CannotImport(f"There is no field “{field}”. The fields are {', '.join(FIELDS)}.")
        if field in sources:
            raise CannotImport(f"The field “{field}” is mapped twice.")
        if match["factor"] and field not in (*_LARGEST, "price"):
            raise CannotImport(f"The field “{field}” is no number; it cannot be multiplied.")
        sources[field] = Source(match["column"].strip(), Decimal(match["factor"] or 1))
    return sources


def read(
    file: TextIO, *, sources: Mapping[str, Source], sku_prefix: str = "", delimiter: str = ","
) -> Iterator[Row | Fault]:
    """Yield what each row of `file` holds. Raise CannotImport if it is no such file.

    A field without a source is read from the column of its own name. Open the file with
    newline="" and errors="surrogateescape": then a row that is not UTF-8 is a fault of that
    row only.
    """
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    positions = _positions(_header(reader), sources)
    seen: dict[str, int] = {}
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield Fault(line, "", f"This is not CSV: {error}.")
            continue
        if values is None:
            return
        if not values:
            continue
        result = _row(line, values, positions, sku_prefix)
        if isinstance(result, Row):
            first = seen.setdefault(result.fields["sku"], line)
            if first != line:
                result = Fault(line, "sku", f"“{result.fields['sku']}” is on line {first} too.")
        yield result


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise CannotImport(
                f"Line {number} has more than {_LONGEST_LINE} characters: this is no CSV file."
            )
        yield line


def _header(reader: Any) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise CannotImport(f"The first line is not CSV: {error}.") from error
    if not header:
        raise CannotImport("The file is empty. Its first line should name the columns.")
    if len(header) > _MOST_COLUMNS:
        raise CannotImport(f"The first line names more than {_MOST_COLUMNS} columns.")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise CannotImport(f"The column “{twice[0]}” is there twice.")
    return header


@dataclass(frozen=True, slots=True)
class _Positions:
    columns: int
    of: dict[str, tuple[int, Decimal]]


def _positions(header: list[str], sources: Mapping[str, Source]) -> _Positions:
    of: dict[str, tuple[int, Decimal]] = {}
    for field in FIELDS:
        source = sources.get(field) or Source(field)
        if source.column in header:
            of[field] = (header.index(source.column), source.factor)
        elif field in sources or field in _REQUIRED:
            shown = ", ".join(header[:20]).encode("utf-8", "backslashreplace").decode()
            raise CannotImport(
                f"There is no column “{source.column}” for the field “{field}”. The columns are: "
                f"{shown}. Map it with --map {field}=COLUMN."
            )
    return _Positions(len(header), of)


def _row(line: int, values: list[str], positions: _Positions, sku_prefix: str) -> Row | Fault:
    if len(values) != positions.columns:
        return Fault(
            line, "", f"It has {len(values)} values; the first line has {positions.columns}."
        )
    fields: dict[str, Any] = {}
    raw: dict[str, str] = {}
    field = ""
    try:
        for field, (position, factor) in positions.of.items():
            text = raw[field] = unguard(values[position].strip())
            if field == "sku" and text:
                text = sku_prefix + text
            fields[field] = _value(field, text, factor)
    except _Refused as error:
        return Fault(line, field, str(error))
    category = fields.pop("category", None)
    canonical = json.dumps(raw, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Row(
        line=line,
        fields=ProductFields(**fields),  # type: ignore[typeddict-item]
        category=category,
        digest=hashlib.sha256(canonical.encode()).digest(),
    )


def _value(field: str, text: str, factor: Decimal) -> object:
    if fault := text_fault(text):
        # What was not UTF-8 arrives as half surrogate pairs.
        raise _Refused("This is not UTF-8." if "surrogate" in fault else fault)
    if field in _TEXTS:
        return _text(field, text)
    if not text:
        return None
    if field == "category":
        return _path(text)
    if field == "gtin":
        try:
            return read_gtin(text)
        except ValidationError as error:
            raise _Refused(error.messages[0]) from error
    return _number(field, text, factor)


def _text(field: str, text: str) -> str:
    if not text and field in _REQUIRED:
        raise _Refused("This is missing.")
    longest = _LONGEST[field]
    if longest is not None and len(text) > longest:
        raise _Refused(f"This has {len(text)} characters; {longest} are the most.")
    if field == "sku" and not text.isprintable():
        raise _Refused("Leave out line breaks and other invisible characters.")
    return text


def _number(field: str, text: str, factor: Decimal) -> int | Decimal:
    if not _NUMBER.fullmatch(text):
        raise _Refused(f"“{text[:40]}” is no number; write it like 12.5.")
    # What is finer than we store is rounded, halves upwards.
    number = Decimal(text) * factor
    if field == "price":
        price = number.quantize(Decimal("0.01"), ROUND_HALF_UP)
        if not 0 <= price < 10**10:
            raise _Refused(f"{price} is no price from 0 to 9999999999.99.")
        return price
    whole = int(number.quantize(Decimal(1), ROUND_HALF_UP))
    largest = _LARGEST[field]
    if not 1 <= whole <= largest:
        raise _Refused(f"{whole} is not between 1 and {largest}.")
    return whole


def _path(text: str) -> str:
    names = [name.strip() for name in text.split(SEPARATOR)]
    longest = Category._meta.get_field("name").max_length or 0
    for name in names:
        if not name or not name.isprintable() or SEPARATOR.strip() in (name[0], name[-1]):
            raise _Refused(f"“{text[:80]}” is no path: write names with “{SEPARATOR}” between.")
        if len(name) > longest:
            raise _Refused(f"“{name[:40]}…” has more than {longest} characters.")
    if len(names) > Category.DEEPEST:
        raise _Refused(f"A category lies at most {Category.DEEPEST} levels deep.")
    path = SEPARATOR.join(names)
    if len(path) > Category.LONGEST_PATH:
        raise _Refused(f"A path has at most {Category.LONGEST_PATH} characters.")
    return path
