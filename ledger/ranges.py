"""Checking a range of the log: its entries, their places, and the tree above them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from ledger import tree
from ledger.commitments import actor_salt, actor_value, commitment
from ledger.models import Erasure, Node, Opening, Secret

RANGE = tree.HASHES_PER_TILE**2
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written. `index` is the first leaf that it is about."""

    index: int
    what: str
    # Whether it may follow from another fault: a hash over many leaves tells that one of them is
    # wrong, and not which.
    is_wide: bool = False

    def order(self) -> tuple[bool, int]:
        """Return what sorts the fault that tells most first."""
        return self.is_wide, self.index


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry and its place, as the tables have them."""

    index: int
    entry_id: int
    leaf: bytes
    uuid: UUID | None
    kind: str
    subject: str
    actor_id: int | None
    at: datetime | None
    body: bytes | None


@dataclass(slots=True)
class Checked:
    """What came of checking a range: its faults, and what its place in the whole tree needs."""

    start: int
    stop: int
    faults: list[Fault] = field(default_factory=list)
    # The complete subtrees at the range's end, the largest first, as (height, hash).
    peaks: list[tuple[int, bytes]] = field(default_factory=list)
    # The same at each size that a checkpoint is about.
    at_sizes: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)


# What the tables of other apps say of entries of a kind: they are asked about many at a time and
# name what does not agree. An app registers in its AppConfig.ready().
Witness = Callable[[Sequence[tuple[Stored, dict[str, Any]]]], Iterable[Fault]]
_witnesses: dict[str, Witness] = {}


def register(kind: str, witness: Witness) -> None:
    """Have `witness` compare the rows that stand for entries of this kind."""
    _witnesses[kind] = witness


# One range


def check_range(
    start: int, stop: int, *, sizes: Sequence[int], pruned: int, last_node: int
) -> Checked:
    """Check the leaves from `start` to `stop`; note the tree at each of `sizes` within.

    `start` is a multiple of RANGE. Below `pruned` bodies may be missing.
    Nodes with a key above `last_node` came while the log was being checked.
    """
    checked = Checked(start, stop)
    wanted = set(sizes)
    nodes = _nodes(start, stop, last_node)
    index = start
    for chunk in _chunks(start, stop):
        checked.faults += _check_rows(chunk, pruned=pruned)
        for row in chunk:
            if row.index != index:
                checked.faults.append(Fault(index, f"Leaf {index} is missing."))
                return checked
            grown = row.leaf if row.body is None else tree.leaf_hash(row.body)
            _grow(checked, index - start, grown, nodes)
            index += 1
            if index in wanted:
                checked.at_sizes[index] = list(checked.peaks)
    if index != stop:
        checked.faults.append(Fault(index, f"Leaf {index} is missing."))
    for (level, place), _ in nodes.items():
        first = place * tree.HASHES_PER_TILE**level
        what = f"Node {level}/{place} stands for leaves that are not there."
        checked.faults.append(Fault(first, what, is_wide=True))
    return checked


def _grow(checked: Checked, place: int, digest: bytes, nodes: dict[tuple[int, int], bytes]) -> None:
    """Add a leaf to the peaks; compare and take out each node that this completes."""
    height = 0
    peaks = checked.peaks
    while peaks and peaks[-1][0] == height:
        digest = tree.node_hash(peaks.pop()[1], digest)
        height += 1
        if height % 8 == 0:
            level = height // 8
            number = (checked.start + place) >> height
            if (stored := nodes.pop((level, number), None)) != digest:
                first = number << height
                what = "is missing" if stored is None else "is not the hash of its leaves"
                checked.faults.append(Fault(first, f"Node {level}/{number} {what}.", is_wide=True))
    peaks.append((height, digest))


def _nodes(start: int, stop: int, last: int) -> dict[tuple[int, int], bytes]:
    """Return the stored nodes of levels 1 and 2 that stand for leaves of this range."""
    found: dict[tuple[int, int], bytes] = {}
    for level in (1, 2):
        span = tree.HASHES_PER_TILE**level
        rows = Node.objects.filter(pk__lte=last, level=level, index__gte=start // span)
        rows = rows.filter(index__lt=-(-stop // span))
        found |= {(level, index): bytes(one) for index, one in rows.values_list("index", "hash")}
    return found


_ROWS = """
    SELECT l."index", l.entry_id, l.hash, e.uuid, e.kind, e.subject, e.actor_id, e.at, e.body
    FROM ledger_leaf l LEFT JOIN ledger_entry e ON e.id = l.entry_id
    WHERE l."index" >= %s AND l."index" < %s ORDER BY l."index"
"""


def _chunks(start: int, stop: int) -> Iterator[list[Stored]]:
    for first in range(start, stop, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, [first, min(first + CHUNK, stop)])
            yield [_stored(row) for row in cursor.fetchall()]


def _stored(row: Sequence[Any]) -> Stored:
    index, entry_id, leaf, uuid, kind, subject, actor_id, at, body = row
    if isinstance(uuid, str):  # SQLite knows neither identifiers nor time zones
        uuid = UUID(uuid)
        at = at.replace(tzinfo=UTC)
    return Stored(
        index, entry_id, bytes(leaf), uuid, kind or "", subject or "", actor_id, at,
        None if body is None else bytes(body),
    )  # fmt: skip


def _check_rows(chunk: Sequence[Stored], *, pruned: int) -> Iterator[Fault]:
    uuids = [row.uuid for row in chunk if row.uuid is not None]
    openings = _openings(uuids)
    secrets = _secrets({row.actor_id for row in chunk if row.actor_id is not None})
    told: dict[str, list[tuple[Stored, dict[str, Any]]]] = {}
    for row in chunk:
        if row.body is None:
            if row.index >= pruned:
                yield Fault(row.index, f"The entry of leaf {row.index} is gone.")
            continue
        if tree.leaf_hash(row.body) != row.leaf:
            yield Fault(row.index, f"Entry {row.uuid} is not what leaf {row.index} was made of.")
            continue
        body: dict[str, Any] = {}
        try:
            body = json.loads(row.body)
            faults = [*_check_columns(row, body)]
            faults += _check_commitments(row, body, openings, secrets)
        except (ValueError, KeyError, TypeError, AttributeError):
            # It was sealed like this: not tampered with, but nothing of ours.
            faults = [Fault(row.index, f"Entry {row.uuid} is no entry that we know.")]
        yield from faults
        if not faults and row.kind in _witnesses:
            told.setdefault(row.kind, []).append((row, body))
    for kind, rows in told.items():
        yield from _witnesses[kind](rows)


def _moment(at: datetime | None) -> str:
    if at is None:
        return ""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _check_columns(row: Stored, body: Mapping[str, Any]) -> Iterator[Fault]:
    """Compare what people search for with the body, which is what was sealed."""
    if body["format"].startswith("shelfmark-receipt/"):
        product = body["product"]
        # Those of before there was a log had their own id there.
        alone = body["id"] if body["format"].endswith("/1") else ""
        subject = f"product:{product['id']}" if product else alone
        said = (body["id"], "prediction.made", subject, body["made_at"])
    else:
        said = (body["id"], body["kind"], body["subject"], body["at"])
    if said != (str(row.uuid), row.kind, row.subject, _moment(row.at)):
        yield Fault(row.index, f"The columns of entry {row.uuid} do not say what its body says.")


_PARTS = {
    "input": lambda body: body["input_commitment"],
    "device": lambda body: body["asked_by"]["device_commitment"],
    "details": lambda body: body["private"],
}


def _check_commitments(
    row: Stored,
    body: Mapping[str, Any],
    openings: Mapping[UUID | None, Mapping[str, tuple[bytes, bytes]]],
    secrets: Mapping[int, bytes],
) -> Iterator[Fault]:
    if not body["format"].endswith("/2"):
        return  # what was written before there were any
    is_receipt = body["format"].startswith("shelfmark-receipt/")
    for part in ("input", "device") if is_receipt else ("details",):
        committed = _PARTS[part](body)
        kept = openings.get(row.uuid, {}).get(part)
        if kept is not None and commitment(*kept) != committed:
            yield Fault(row.index, f"What is kept apart from entry {row.uuid} was changed.")
        elif kept is None and committed is not None and not _is_erased(row):
            yield Fault(row.index, f"What was kept apart from entry {row.uuid} is gone.")
    committed = body["asked_by"]["person_commitment"] if is_receipt else body["actor"]
    if (committed is None) != (row.actor_id is None):
        yield Fault(row.index, f"Entry {row.uuid} names another person than its body.")
    elif row.actor_id is not None and row.uuid is not None:
        secret = secrets.get(row.actor_id)
        if secret is None:
            if not _is_erased(row):
                yield Fault(row.index, f"Nobody can tell any more whose entry {row.uuid} is.")
        elif commitment(actor_salt(secret, row.uuid), actor_value(row.actor_id)) != committed:
            yield Fault(row.index, f"Entry {row.uuid} names another person than its body.")


def _is_erased(row: Stored) -> bool:
    # Rarely asked: once for each entry of which something is missing.
    erased = Q(entry=row.uuid)
    if row.actor_id is not None:
        erased |= Q(about=row.actor_id)
    return Erasure.objects.filter(erased).exists()


def _openings(uuids: Sequence[UUID]) -> dict[UUID | None, dict[str, tuple[bytes, bytes]]]:
    found: dict[UUID | None, dict[str, tuple[bytes, bytes]]] = {}
    rows = Opening.objects.filter(entry__in=uuids).values_list("entry", "part", "salt", "value")
    for entry, part, salt, value in rows:
        found.setdefault(entry, {})[part] = (bytes(salt), bytes(value))
    return found


def _secrets(users: Iterable[int]) -> dict[int, bytes]:
    rows = Secret.objects.filter(pk__in=list(users))
    return {key: bytes(secret) for key, secret in rows.values_list("user_id", "secret")}
