"""A dataset: the products of one CSV file, their labels, and which of them look alike."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from categorizer.features import BadProduct, read_number
from categorizer.text import fold_table, words

_MAX_ERRORS = 20
_MAX_CELL = 10_000_000
_SIGNATURE = 64
_BANDS = 16
_PRIME = 2**31 - 1


class BadDataset(ValueError):
    """A dataset cannot be used; `errors` has a sentence for each fault found, with its line."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = list(errors)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Products with labels, in the order of the file.

    `sha256` names the very bytes that were read. `is_test` marks rows kept out of training; all
    False when the file does not say.
    """

    sha256: str
    text_fields: tuple[str, ...]
    number_fields: tuple[str, ...]
    products: tuple[dict[str, object], ...]
    labels: tuple[str, ...]
    is_test: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.products)

    def rows(self, *, test: bool) -> list[int]:
        """Return the indices of the test rows, or of the training rows."""
        return [index for index, is_test in enumerate(self.is_test) if is_test == test]


def read_csv(
    path: Path,
    *,
    text: Sequence[str],
    number: Sequence[str] = (),
    label: str,
    split: str | None = None,
) -> Dataset:
    """Read a UTF-8 CSV with a header. Raise BadDataset with the line of every fault (the first 20).

    `split` names the column that says `train` or `test`. Columns that are not named are ignored.
    """
    data = path.read_bytes()
    return parse_csv(data, text=text, number=number, label=label, split=split)


def parse_csv(
    data: bytes,
    *,
    text: Sequence[str],
    number: Sequence[str] = (),
    label: str,
    split: str | None = None,
) -> Dataset:
    """Do what `read_csv` does, from bytes."""
    try:
        decoded = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDataset([f"byte {error.start} is not UTF-8"]) from error
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(decoded, newline=""), strict=True)
    needed = [*text, *number, label, *([split] if split else [])]
    try:
        header = next(reader, [])
        if missing := [name for name in needed if name not in header]:
            raise BadDataset([f"line 1: there is no column {name!r}" for name in missing])
        column = {name: header.index(name) for name in needed}
        rows = _Rows(text=text, number=number, label=label, split=split, column=column)
        for cells in reader:
            if cells:
                rows.add(cells, line=reader.line_num, width=len(header))
    except csv.Error as error:
        raise BadDataset([f"line {reader.line_num}: {error}"]) from error
    if not rows.errors and not rows.products:
        rows.errors.append("there is no row below the header")
    if rows.errors:
        more = len(rows.errors) - _MAX_ERRORS
        shown = rows.errors[:_MAX_ERRORS]
        raise BadDataset([*shown, f"and {more} more"] if more > 0 else shown)
    return Dataset(
        sha256=hashlib.sha256(data).hexdigest(),
        text_fields=tuple(text),
        number_fields=tuple(number),
        products=tuple(rows.products),
        labels=tuple(rows.labels),
        is_test=tuple(rows.is_test),
    )


class _Rows:
    def __init__(
        self,
        *,
        text: Sequence[str],
        number: Sequence[str],
        label: str,
        split: str | None,
        column: dict[str, int],
    ) -> None:
        self._text, self._number, self._label, self._split = text, number, label, split
        self._column = column
        self.products: list[dict[str, object]] = []
        self.labels: list[str] = []
        self.is_test: list[bool] = []
        self.errors: list[str] = []

    def add(self, cells: list[str], *, line: int, width: int) -> None:
        if len(cells) != width:
            self.errors.append(f"line {line}: {len(cells)} cells, the header has {width}")
            return
        product: dict[str, object] = {name: cells[self._column[name]] for name in self._text}
        label = cells[self._column[self._label]].strip()
        if not label:
            self.errors.append(f"line {line}: {self._label} is empty")
        for name in self._number:
            cell = {name: cells[self._column[name]]}
            try:
                product[name] = read_number(cell, name)
            except BadProduct as error:
                self.errors.append(f"line {line}: {error}, not {cell[name][:40]!r}")
        part = cells[self._column[self._split]] if self._split else "train"
        if part not in {"train", "test"}:
            self.errors.append(
                f"line {line}: {self._split} must be train or test, not {part[:40]!r}"
            )
        self.products.append(product)
        self.labels.append(label)
        self.is_test.append(part == "test")


def look_alikes(texts: Sequence[str]) -> list[int]:
    """Return for each text the index of the first text it looks like: its group's leader, or
    itself.

    Two texts look alike when their sets of canonical words have a Jaccard index of at least 0.7.
    Candidates come from MinHash (Broder 1997) with 16 bands of 4, so a few pairs near the limit are
    missed. A text is compared with leaders only: groups do not grow into chains.
    """
    table = fold_table()
    mixers = np.frombuffer(
        hashlib.shake_256(b"look-alikes/1").digest(16 * _SIGNATURE), "<u8"
    ).reshape(2, _SIGNATURE)
    factor = (mixers[0] % np.uint64(_PRIME - 1) + np.uint64(1)).astype(np.int64)
    offset = (mixers[1] % np.uint64(_PRIME)).astype(np.int64)
    bags = [frozenset(words(text, table)) for text in texts]
    numbers: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            if word not in numbers:
                digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4)
                numbers[word] = int.from_bytes(digest.digest(), "little") % _PRIME
    leaders: list[int] = []
    first_in: dict[tuple[int, bytes], int] = {}
    for index, bag in enumerate(bags):
        if not bag:
            leaders.append(index)
            continue
        hashes = np.array([numbers[word] for word in bag], np.int64)
        signature = ((hashes[:, None] * factor + offset) % _PRIME).min(axis=0)
        rows = signature.reshape(_BANDS, -1)
        keys = [(band, rows[band].tobytes()) for band in range(_BANDS)]
        leader = _leader_of(bag, keys, first_in=first_in, bags=bags)
        if leader is None:
            leader = index
            for band_key in keys:
                first_in.setdefault(band_key, index)
        leaders.append(leader)
    return leaders


def _leader_of(
    bag: frozenset[str],
    keys: Sequence[tuple[int, bytes]],
    *,
    first_in: dict[tuple[int, bytes], int],
    bags: Sequence[frozenset[str]],
) -> int | None:
    candidates = sorted({first_in[band_key] for band_key in keys if band_key in first_in})
    for candidate in candidates:
        shared = len(bag & bags[candidate])
        if 10 * shared >= 7 * (len(bag) + len(bags[candidate]) - shared):
            return candidate
    return None


def parts(names: Sequence[str], count: int) -> list[int]:
    """Deal names into `count` about equal parts by their SHA-256; equal names share a part."""
    return [
        int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
        % count
        for name in names
    ]


def grouped_split(texts: Sequence[str], *, one_in: int = 5) -> list[bool]:
    """Return which rows to keep for testing (about one in `one_in`), look-alikes always on the same
    side.
    """
    leaders = look_alikes(texts)
    return [part == 0 for part in parts([texts[leader] for leader in leaders], one_in)]
