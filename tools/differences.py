"""Name the first difference between what was recorded and what is there: row, tensor, key, byte.

Nothing here reads a file or needs a package.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from registry.provenance import LockLine, lock_lines

_SHOWN = 60  # characters of a cell or a line
_CELLS = 3

Row = Sequence[str]
Rows = Sequence[Row]


@dataclass(frozen=True)
class Difference:
    """One difference, in words and in parts that a program can keep."""

    sentence: str
    stage: str = ""
    path: str = ""
    offset: int | None = None  # of the first differing byte
    part: str = ""  # the tensor or the key that this byte belongs to
    row: int | None = None  # of a dataset; 1 is the row below the header
    sku: str = ""


def in_rows(recorded: bytes, brought: bytes, *, path: str) -> Difference | None:
    """Return the first row that was changed, added, left out or moved, and how many there are."""
    if recorded == brought:
        return None
    try:
        (head, old), (other_head, new) = _table(recorded), _table(brought)
    except (ValueError, csv.Error):
        return in_bytes(recorded, brought, path=path)
    if head != other_head:
        return Difference(
            f"{path} has the columns {_cut(','.join(other_head))}, recorded"
            f" were {_cut(','.join(head))}.",
            path=path,
            offset=first_offset(recorded, brought),
        )
    at = head.index("sku") if "sku" in head else 0
    for number, (was, now) in enumerate(zip_longest(old, new), start=1):
        if was != now:
            sku, what = _row_difference(head, was, now, old, new, at)
            return Difference(
                f"{path}: row {number} (SKU {sku or 'none'}) {what}. {_count(old, new, at)}",
                path=path,
                offset=first_offset(recorded, brought),
                row=number,
                sku=sku,
            )
    offset = first_offset(recorded, brought)
    return Difference(
        f"{path} has the recorded rows, but spells them in another way (line ends, quotes):"
        f" the first differing byte is {offset}.",
        path=path,
        offset=offset,
    )


def _table(data: bytes) -> tuple[list[str], list[list[str]]]:
    lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    if not lines:
        raise ValueError("no header")
    return lines[0], lines[1:]


def _row_difference(
    head: Sequence[str], was: Row | None, now: Row | None, old: Rows, new: Rows, at: int
) -> tuple[str, str]:
    """Return the SKU of the first row that differs, and what happened to it."""
    if was is None or (now is not None and _sku(now, at) not in {_sku(row, at) for row in old}):
        return _sku(now or [], at), "was added"
    if now is None or _sku(was, at) not in {_sku(row, at) for row in new}:
        return _sku(was, at), "is left out"
    if _sku(was, at) != _sku(now, at):
        return _sku(was, at), f"is elsewhere; here stands SKU {_sku(now, at)}"
    changed = [
        f"{name or 'a cell too many'} is {_cut(there)!r}, recorded was {_cut(here)!r}"
        for name, here, there in zip_longest(head, was, now, fillvalue="")
        if here != there
    ]
    more = f"; and {len(changed) - _CELLS} more" if len(changed) > _CELLS else ""
    return _sku(was, at), "was changed: " + "; ".join(changed[:_CELLS]) + more


def _sku(row: Row, at: int) -> str:
    return row[at][:64] if len(row) > at else ""


def _count(old: Rows, new: Rows, at: int) -> str:
    before, after = ({_sku(row, at): row for row in rows} for rows in (old, new))
    changed = sum(before[sku] != row for sku, row in after.items() if sku in before)
    added, gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    return f"Of {len(old)} recorded rows: {changed} changed, {gone} left out, {added} added."


def in_bytes(recorded: bytes, actual: bytes, *, path: str) -> Difference:
    """Return where two different byte strings differ first, and what that byte belongs to."""
    offset = first_offset(recorded, actual)
    part = part_at(recorded, actual, offset)
    if offset == min(len(recorded), len(actual)):
        size = f"{len(actual)} bytes, recorded were {len(recorded)}"
        cut = "is cut off" if len(actual) < len(recorded) else "goes on after its recorded end"
        sentence = f"{path} {cut}: {size}"
    else:
        sentence = (
            f"{path} differs first at byte {offset}:"
            f" {actual[offset]:#04x}, recorded was {recorded[offset]:#04x}"
        )
    return Difference(
        f"{sentence}{f', in {part}' if part else ''}.", path=path, offset=offset, part=part
    )


def first_offset(one: bytes, other: bytes) -> int:
    """Return the offset of the first byte in which they differ; the shorter's length if none."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def part_at(recorded: bytes, actual: bytes, offset: int) -> str:
    """Return what the byte at `offset` belongs to: a tensor, or a key of the metadata or of JSON.

    Empty where that cannot be told. Both are safetensors files or JSON documents.
    """
    for one, other in ((recorded, actual), (actual, recorded)):
        if (header := _header(one)) is not None:
            return _part_of_container(one, other, header, offset)
    try:
        return f"the key {_first_key(json.loads(recorded), json.loads(actual))}"
    except (ValueError, RecursionError):
        return ""


def _header(data: bytes) -> dict[str, Any] | None:
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        return None
    try:
        header = json.loads(data[8 : 8 + size])
    except ValueError:
        return None
    return header if isinstance(header, dict) else None


def _part_of_container(data: bytes, other: bytes, header: dict[str, Any], offset: int) -> str:
    start = 8 + int.from_bytes(data[:8], "little")
    if offset >= start:
        for name, tensor in header.items():
            if name != "__metadata__":
                begin, end = tensor["data_offsets"]
                if begin <= offset - start < end:
                    width = (end - begin) // max(1, tensor["shape"][0])
                    return f"tensor {name}, entry {(offset - start - begin) // width}"
        return "what follows the last tensor"
    there = _header(other)
    if there is None:
        return "the header"
    mine, theirs = ({**it.pop("__metadata__", {})} for it in (header, there))
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) != theirs.get(name):
            try:
                key = _first_key(json.loads(mine[name]), json.loads(theirs[name]))
            except (KeyError, ValueError):
                key = ""
            return f"the metadata, key {f'{name}: {key}' if key else name}"
    return f"the header, key {_first_key(header, there)}"


def _first_key(one: Any, other: Any) -> str:
    """Return the path of the first difference, such as `dataset.rows` or `labels[3]`."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name) or (name in one) != (name in other):
                inner = _first_key(one.get(name), other.get(name))
                return str(name) + ("." if inner and inner[0] != "[" else "") + inner
    if isinstance(one, list) and isinstance(other, list):
        for at, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            if mine != theirs:
                inner = _first_key(mine, theirs)
                return f"[{at}]" + ("." if inner and inner[0] != "[" else "") + inner
        return f"[{min(len(one), len(other))}]"
    return ""


def in_lock(recorded: str, actual: str) -> Difference | None:
    """Return the first stage and file of which two dvc.lock say different things."""
    if recorded == actual:
        return None
    old, new = ({(it.stage, it.section, it.path): it for it in lock_lines(text)}
                for text in (recorded, actual))  # fmt: skip
    for key in _in_order(old, new):
        was, now = old.get(key), new.get(key)
        if was != now:
            stage, section, path = key
            verb = "read" if section == "deps" else "wrote"
            return Difference(
                f"Stage {stage} {verb} {path} with {_told(now)}; dvc.lock recorded {_told(was)}.",
                stage=stage,
                path=path,
            )
    lines = enumerate(zip_longest(recorded.splitlines(), actual.splitlines()), start=1)
    number, (before, after) = next((at, both) for at, both in lines if both[0] != both[1])
    return Difference(
        f"dvc.lock differs first in line {number}: {_cut(str(after).strip())!r},"
        f" recorded was {_cut(str(before).strip())!r}.",
        path="dvc.lock",
    )


def _in_order(
    old: dict[tuple[str, str, str], LockLine], new: dict[tuple[str, str, str], LockLine]
) -> Iterator[tuple[str, str, str]]:
    # dvc.lock lists stages in the order in which they run, and what they read before what they
    # wrote, so the first difference is the cause of those below it.
    yield from old
    yield from (key for key in new if key not in old)


def _told(line: LockLine | None) -> str:
    return f"MD5 {line.md5}, {line.size} bytes" if line else "nothing"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
