"""Canonical text, `text/1`: how a field of a product becomes the words the model reads.

Training, serving and the TypeScript twin read the same frozen table (`fold.json`, which every model
carries), so no platform's idea of lower case, word or white space can move an answer.
docs/artifact-format.md describes the table.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

TEXT_VERSION = "text/1"
# Code points read of a field, and kept after folding (one code point can fold to eighteen). They
# bound the time an answer takes and keep every sum of the scorer below 2**53.
MAX_READ = 2_000
MAX_FOLDED = 3_000

_LAST_CODE_POINT = 0x10FFFF
_LOOSE_PUNCTUATION = re.compile(r"(?<![0-9])[./]|[./](?![0-9])")


class BadFoldTable(ValueError):
    """The bytes are not a fold table of `text/1`."""


class FoldTable(dict[int, str]):
    """Maps a code point to its folded text; fills itself lazily, for use with `str.translate`."""

    def __init__(
        self, *, starts: Sequence[int], kinds: Sequence[str], folds: dict[int, str]
    ) -> None:
        super().__init__()
        self._starts = list(starts)
        self._kinds = list(kinds)
        self._folds = folds

    def kind(self, code_point: int) -> str:
        """Return the class of a code point: W word, S alone, P number punctuation, X nothing, ' '
        separator.
        """
        return self._kinds[bisect_right(self._starts, code_point) - 1]

    def __missing__(self, code_point: int) -> str:
        text = self._fold(code_point)
        self[code_point] = text
        return text

    def _fold(self, code_point: int) -> str:
        kind = self.kind(code_point)
        if kind == "X":
            return ""
        folded = self._folds.get(code_point)
        if folded is None:
            if kind == " ":
                return " "
            folded = chr(code_point)
        return "".join(self._placed(character) for character in folded)

    def _placed(self, character: str) -> str:
        match self.kind(ord(character)):
            case "W":
                return character
            case "S":
                return f" {character} "
            case "P":
                return "/" if character == "/" else "."  # 0,5 is 0.5
            case "X":
                return ""
            case _:
                return " "


def parse_fold_table(data: bytes) -> FoldTable:
    """Return the table in `data` (docs/artifact-format.md). Raise BadFoldTable."""
    try:
        table = json.loads(data)
        if table["spec"] != TEXT_VERSION:
            raise BadFoldTable(f"the fold table is {table['spec']}, not {TEXT_VERSION}")
        starts = [start for start, _ in table["classes"]]
        kinds = [kind for _, kind in table["classes"]]
        folds: dict[int, str] = dict(table["multi"])
        for start, count, step, delta in table["runs"]:
            for code_point in range(start, start + count * step, step):
                folds[code_point] = chr(code_point + delta)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadFoldTable(f"not a fold table: {error}") from error
    ascending = all(first < second for first, second in pairwise(starts))
    if not starts or starts[0] != 0 or starts[-1] > _LAST_CODE_POINT or not ascending:
        raise BadFoldTable("the classes of the fold table do not cover all code points in order")
    return FoldTable(starts=starts, kinds=kinds, folds=folds)


def fold_table_bytes() -> bytes:
    """Return the fold table of this release, as it is put into new models."""
    return Path(__file__).with_name("fold.json").read_bytes()


@lru_cache(maxsize=1)
def fold_table() -> FoldTable:
    """Return the fold table of this release, parsed."""
    return parse_fold_table(fold_table_bytes())


def words(text: str, table: FoldTable) -> list[str]:
    """Return the words of one field, at most 2,000 code points read and 3,000 kept.

    Any `str` is legal, lone surrogates included (they separate words).

    >>> words("Bohrmaschine 18V, 0,5 kg (LEGO®) 3½", fold_table())
    ['bohrmaschine', '18v', '0.5', 'kg', 'lego', '3', '1/2']
    """
    folded = text[:MAX_READ].translate(table)[:MAX_FOLDED]
    return [word for word in _LOOSE_PUNCTUATION.sub(" ", folded).split(" ") if word]


def fold(text: str, table: FoldTable) -> str:
    """Return the canonical text of one field: its words with one space between them."""
    return " ".join(words(text, table))
