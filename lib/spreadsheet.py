"""CSV that a spreadsheet shows as it is, whatever somebody wrote into it.

A spreadsheet runs what looks like a formula, also when it comes from a file. An apostrophe in
front makes it text. It stands where a cell begins, and inside a cell wherever another cell would
begin if the file were split at another separator or its quotes were misread.

The guard comes off again exactly: `unguard(guard(text)) == text` for every text. What stands in
front of a formula may hold apostrophes itself, so that a guarded text is guarded once more and
loses one of them again.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

Cell = str | int | Decimal | None

# What begins a formula: in ASCII, in full width, small, raised, lowered, and the true minus.
_FORMULA = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"
_SEPARATORS = ",;|\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
# What a spreadsheet may drop before it looks at the cell: quotes, blanks and what nobody sees.
_SKIPPED = (
    "'\"` \x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u061c\u115f\u1160\u1680\u180e"
    "\u2000-\u200f\u2018-\u201f\u202a-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0＇＂"
)
_BEGINS = f"(?:\\A|(?<=[{_SEPARATORS}]))"
_PLACE = re.compile(f"\\A(?=[{_SKIPPED}]*[{_SEPARATORS}])|{_BEGINS}(?=[{_SKIPPED}]*[{_FORMULA}])")
_GUARDED = re.compile(
    f"\\A'(?=[{_SKIPPED}]*[{_SEPARATORS}])|{_BEGINS}'(?=[{_SKIPPED}]*[{_FORMULA}])"
)


def guard(text: str) -> str:
    """Return `text` with an apostrophe wherever a spreadsheet might see a formula begin."""
    return _PLACE.sub("'", text)


def unguard(text: str) -> str:
    """Return the text that `guard` was given. A text that it did not change stays as it is."""
    return _GUARDED.sub("", text)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a CSV file line by line, as UTF-8 with a byte order mark.

    Text is guarded and quoted; numbers are written bare and stay numbers. Without the mark some
    spreadsheets take UTF-8 for something else.
    """
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    yield b"\xef\xbb\xbf" + _line(writer.writerow(header))
    for row in rows:
        yield _line(writer.writerow([_cell(value) for value in row]))


def _line(written: object) -> bytes:
    # The writer returns what `write` returned, which its types do not know.
    return str(written).encode()


def _cell(value: Cell) -> str | int | Decimal:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return guard(value)
        case _:
            return value
