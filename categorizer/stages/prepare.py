"""Check the raw dataset against its schema and keep some groups of products for testing.

`python -m categorizer.stages.prepare` reads data/raw/products.csv and writes
data/prepared/products.csv: the fields a model may read, the category, and `split`.
"""

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from categorizer.dataset import BadDataset, look_alikes, parts
from categorizer.stages import PREPARED, RAW, params

COLUMNS = (
    "sku", "gtin", "name", "description", "brand", "width_mm", "height_mm", "depth_mm",
    "weight_g", "price", "category", "language",
)  # fmt: skip
KEPT = (
    "sku", "name", "description", "brand", "width_mm", "height_mm", "depth_mm", "weight_g",
    "category", "split",
)  # fmt: skip
LARGEST = {"width_mm": 100_000, "height_mm": 100_000, "depth_mm": 100_000, "weight_g": 100_000_000}
LONGEST = {"sku": 64, "name": 500, "description": 20_000, "brand": 2_000, "category": 500}
LEVELS = 3
SHOWN_ERRORS = 20

_SKU = re.compile(r"[A-Z]{2}-[0-9]{6}")
_WHOLE = re.compile(r"[1-9][0-9]*")
_PRICE = re.compile(r"(0|[1-9][0-9]{0,9})\.[0-9]{2}")
_LANGUAGE = re.compile("de|en|es|fr")
_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Row = Mapping[str, str]


def check(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a raw dataset. Raise BadDataset with the line of every fault."""
    lines = _lines(data)
    errors: list[str] = []
    rows: list[dict[str, str]] = []
    seen: dict[str, int] = {}
    for line, cells in lines:
        if len(cells) != len(COLUMNS):
            errors.append(f"line {line}: {len(cells)} cells, the header has {len(COLUMNS)}")
            continue
        row = dict(zip(COLUMNS, cells, strict=True))
        errors += [f"line {line}: {fault}" for fault in _faults(row)]
        if seen.setdefault(row["sku"], line) != line:
            errors.append(f"line {line}: sku {row['sku']} is already on line {seen[row['sku']]}")
        rows.append(row)
    if not errors:
        errors += _tree_faults(rows)
    if errors:
        more = [f"and {len(errors) - SHOWN_ERRORS} more"] if len(errors) > SHOWN_ERRORS else []
        raise BadDataset(errors[:SHOWN_ERRORS] + more)
    return rows


def _lines(data: bytes) -> list[tuple[int, list[str]]]:
    """Return line number and cells of each row below the header."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadDataset([f"byte {error.start} is not UTF-8"]) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(next(reader, [])) != COLUMNS:
            raise BadDataset([f"line 1: the columns must be {','.join(COLUMNS)}"])
        return [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise BadDataset([f"line {reader.line_num}: {error}"]) from error


def _faults(row: Row) -> Iterator[str]:
    if not _SKU.fullmatch(row["sku"]):
        yield f"sku must look like SF-100001, not {row['sku'][:40]!r}"
    if row["gtin"] and not is_gtin(row["gtin"]):
        yield f"gtin {row['gtin'][:40]!r} must have 8, 12, 13 or 14 digits, the last a check digit"
    if not row["name"].strip():
        yield "name is empty"
    for column, longest in LONGEST.items():
        if len(row[column]) > longest:
            yield f"{column} is longer than {longest} characters"
        if _CONTROL.search(row[column]):
            yield f"{column} holds a control character"
    for column, largest in LARGEST.items():
        cell = row[column]
        if cell and not (_WHOLE.fullmatch(cell) and len(cell) < 10 and int(cell) <= largest):
            yield f"{column} must be a whole number from 1 to {largest}, not {cell[:40]!r}"
    if row["price"] and not _PRICE.fullmatch(row["price"]):
        yield f"price must look like 12.90, not {row['price'][:40]!r}"
    levels = row["category"].split(" > ")
    if not 2 <= len(levels) <= LEVELS or any(not re.fullmatch(r"\S(.*\S)?", it) for it in levels):
        yield f"category must be a path of 2 to {LEVELS} levels, not {row['category'][:80]!r}"
    if not _LANGUAGE.fullmatch(row["language"]):
        yield f"language must be de, en, es or fr, not {row['language'][:40]!r}"


def is_gtin(digits: str) -> bool:
    """Whether a GTIN has a length that exists and its check digit (GS1 General Specifications 7.9).

    >>> is_gtin("4006381333931"), is_gtin("4006381333932")
    (True, False)
    """
    if not re.fullmatch("[0-9]{8}|[0-9]{12,14}", digits):
        return False
    total = sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def _tree_faults(rows: Sequence[Row]) -> Iterator[str]:
    counts = Counter(row["category"] for row in rows)
    for path, count in sorted(counts.items()):
        if count < 2:
            yield f"category {path!r} has one product only, nothing can be learnt from that"
        if any(other.startswith(f"{path} > ") for other in counts):
            yield f"category {path!r} holds products and categories; products belong in the leaves"
    if len(counts) < 2:
        yield "there must be products of at least two categories"


def groups(rows: Sequence[Row]) -> list[int]:
    """Return for each row the first row of its group: products that look alike, or are alike but
    for numbers, by name or by name and description; directly or through others.
    """
    names = [row["name"] for row in rows]
    sizeless = [_NUMBER.sub("0", name) for name in names]
    full = [_NUMBER.sub("0", f"{row['name']} {row['description']}") for row in rows]
    leader = list(range(len(rows)))

    def first(row: int) -> int:
        while leader[row] != row:
            row = leader[row]
        return row

    for readings in (names, sizeless, full):
        for row, like in enumerate(look_alikes(readings)):
            one, other = first(row), first(like)
            leader[max(one, other)] = min(one, other)
    return [first(row) for row in range(len(rows))]


def prepare(data: bytes, *, test_one_in: int) -> bytes:
    """Return the prepared dataset. Raise BadDataset."""
    rows = check(data)
    part_of = parts([rows[first]["name"] for first in groups(rows)], test_one_in)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(KEPT)
    for row, part in zip(rows, part_of, strict=True):
        writer.writerow([{**row, "split": "train" if part else "test"}[name] for name in KEPT])
    return out.getvalue().encode()


def main(raw: Path = RAW, prepared: Path = PREPARED) -> None:
    try:
        data = prepare(raw.read_bytes(), test_one_in=int(params("prepare")["test_one_in"]))
    except BadDataset as error:
        sys.exit(f"{raw} cannot be used:\n{error}")
    prepared.parent.mkdir(parents=True, exist_ok=True)
    prepared.write_bytes(data)


if __name__ == "__main__":
    main()
