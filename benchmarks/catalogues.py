"""The real catalogues, in Shelfmark's own field names.

They are not part of the project. SHELFMARK_CATALOGUES names the folder with their CSV files;
without it, `../shared/data` beside the project is tried. Each has the columns `category` (the
label) and `split` (train or test); `split_grouped` is a second, harder split that keeps
near-duplicates of a name on one side.
"""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = ("name", "description", "brand")
NUMBERS = ("width_mm", "height_mm", "depth_mm", "weight_g")


class NoCatalogues(Exception):
    """The message says where the catalogues were looked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One product as the API takes it, and what is known about it besides."""

    sku: str
    product: Mapping[str, str | int]
    category: str
    split: str
    split_grouped: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`fields` are ours; what they leave out of the file the model never sees."""

    name: str
    rows: tuple[Row, ...]
    fields: tuple[str, ...]

    @property
    def text_fields(self) -> tuple[str, ...]:
        return tuple(field for field in TEXT if field in self.fields)

    @property
    def number_fields(self) -> tuple[str, ...]:
        return tuple(field for field in NUMBERS if field in self.fields)

    def part(self, side: str, *, split: str = "split") -> list[Row]:
        return [row for row in self.rows if getattr(row, split) == side]

    def write_dataset(self, path: Path, *, split: str = "split") -> None:
        """Write all rows with their category and side, for training."""
        self._write(path, self.rows, (*self.fields, "category", "split"), split=split)

    def write_products(self, path: Path, *, side: str, split: str = "split") -> None:
        """Write the products of one side with their category, for the import."""
        rows = self.part(side, split=split)
        self._write(path, rows, ("sku", *self.fields, "category"), split=split)

    @staticmethod
    def _write(path: Path, rows: Sequence[Row], columns: Sequence[str], *, split: str) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            lines = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            lines.writeheader()
            for row in rows:
                known = {"sku": row.sku, "category": row.category, "split": getattr(row, split)}
                lines.writerow({**row.product, **known})


# Columns that would give the answer away, or that mean something else, stay out on purpose:
# pricerunner's `vendor` is the shop and not the brand, and its `product_cluster` names the product;
# ikea's `designer` is a person.
_COLUMNS: dict[str, dict[str, str]] = {
    "ikea": {
        "name": "name",
        "description": "description",
        "width_mm": "width",
        "height_mm": "height",
        "depth_mm": "depth",
    },
    "lego_parts": {"name": "name"},
    "pricerunner": {"name": "name"},
}
_MILLIMETRES_PER_CENTIMETRE = 10


def _columns_of(name: str, header: list[str]) -> dict[str, str]:
    """Return our field name → column; a catalogue we do not know uses our own names already."""
    known = _COLUMNS.get(name)
    return known or {field: field for field in (*TEXT, *NUMBERS) if field in header}


def _value(field: str, column: str, text: str) -> str | int | None:
    text = text.strip()
    if not text:
        return None
    if field in TEXT:
        return text
    number = Decimal(text)
    if field != column:  # ikea's are centimetres
        number *= _MILLIMETRES_PER_CENTIMETRE
    return int(number.to_integral_value()) or None


def read(path: Path) -> Catalogue:
    """Read one catalogue's CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file)
        columns = _columns_of(path.stem, list(lines.fieldnames or ()))
        rows = []
        for number, line in enumerate(lines):
            values = {field: _value(field, at, line[at]) for field, at in columns.items()}
            rows.append(
                Row(
                    sku=line.get("sku") or f"{path.stem}-{number}",
                    product={field: value for field, value in values.items() if value is not None},
                    category=line["category"],
                    split=line.get("split") or "train",
                    split_grouped=line.get("split_grouped") or line.get("split") or "train",
                )
            )
    return Catalogue(path.stem, tuple(rows), tuple(columns))


def folder() -> Path:
    """Return the folder with the catalogues' CSV files."""
    named = os.environ.get("SHELFMARK_CATALOGUES")
    place = Path(named) if named else ROOT.parent / "shared" / "data"
    if not any(place.glob("*.csv")):
        raise NoCatalogues(
            f"No catalogue in {place}. Set SHELFMARK_CATALOGUES to a folder of CSV files with the "
            "columns name, category and split (see benchmarks/README.md)."
        )
    return place


def every() -> Iterator[Catalogue]:
    for path in sorted(folder().glob("*.csv")):
        yield read(path)
