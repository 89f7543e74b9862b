"""Checking the whole log: every entry, every place in the tree, every checkpoint.

The tree is computed anew from the bodies, in one pass, and compared with everything that was
stored or signed. Ranges of 65,536 leaves are independent of one another, so several processes
can share the work; what joins them is a handful of hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from ledger import keys, log, note, tree
from ledger.models import Checkpoint, Leaf, LogKey, Node
from ledger.ranges import RANGE, Checked, Fault, check_range

# Names rows that stand for entries which are not there. An app registers in AppConfig.ready().
Orphans = Callable[[], Iterable[str]]
_orphans: list[Orphans] = []


def register_orphans(find: Orphans) -> None:
    """Have `find` name rows that stand for entries which are not there."""
    _orphans.append(find)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that was kept somewhere else, and is trusted."""

    source: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of checking the log."""

    size: int
    checkpoint_size: int | None
    faults: Sequence[Fault]
    unsealed: int

    @property
    def first(self) -> Fault | None:
        return self.faults[0] if self.faults else None


Run = Callable[[Sequence[Mapping[str, Any]]], Iterable[Checked]]


def one_by_one(ranges: Sequence[Mapping[str, Any]]) -> Iterator[Checked]:
    """Check ranges in this process."""
    for arguments in ranges:
        yield check_range(**arguments)


def verify(
    *,
    pruned: int = 0,
    kept: Sequence[Kept] = (),
    trusted: Sequence[str] = (),
    run: Run = one_by_one,
    progress: Callable[[int, int], None] = lambda done, size: None,
    also: Callable[[], Iterable[str]] = tuple,
) -> Verified:
    """Check everything there is. `trusted` are vkeys from elsewhere; without, those of the log.

    `run` checks ranges, in their order; `progress` is told how many leaves are done of how many;
    `also` names what else is wrong with the database.
    """
    size, last_node, last_checkpoint = _extent()
    # A year of checkpoints does not fit into memory, their sizes do.
    checkpoints = Checkpoint.objects.filter(pk__lte=last_checkpoint).order_by("size")
    signed = list(checkpoints.values_list("size", flat=True))
    noted = [*signed, *(one.size for one in kept)]
    sizes = sorted({one for one in noted if one <= size})
    ranges = [
        {
            "start": start,
            "stop": min(start + RANGE, size),
            "sizes": [one for one in sizes if start < one <= start + RANGE],
            "pruned": pruned,
            "last_node": last_node,
        }
        for start in range(0, size, RANGE)
    ]
    faults: list[Fault] = []
    roots: dict[int, bytes] = {}
    peaks: list[tuple[int, bytes]] = []
    high = _high_nodes(size, last_node)
    for checked in run(ranges):
        faults += checked.faults
        for one, inner in checked.at_sizes.items():
            roots[one] = _fold([*peaks, *inner])
        _join(peaks, checked, high, faults)
        progress(checked.stop, size)
    for (level, place), _ in high.items():
        faults.append(Fault(size, f"Node {level}/{place} stands for leaves that are not there."))
    faults += _check_checkpoints(checkpoints, size, roots, trusted)
    faults += _check_kept(kept, size, roots)
    faults += _passed_over(size)
    for find in (*_orphans, also):
        faults += [Fault(size, what) for what in find()]
    return Verified(
        size=size,
        checkpoint_size=signed[-1] if signed else None,
        faults=sorted(faults, key=Fault.order),
        unsealed=log.unsealed().count(),
    )


def _extent() -> tuple[int, int, int]:
    """Return how many leaves there are, and the last keys of nodes and checkpoints.

    One statement sees one moment: the log may grow while it is checked, and what comes later
    belongs to the next check.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT (SELECT COALESCE(MAX("index") + 1, 0) FROM ledger_leaf),'
            " (SELECT COALESCE(MAX(id), 0) FROM ledger_node),"
            " (SELECT COALESCE(MAX(id), 0) FROM ledger_checkpoint)"
        )
        size, node, checkpoint = cursor.fetchone()
    return size, node, checkpoint


def _high_nodes(size: int, last: int) -> dict[tuple[int, int], bytes]:
    """Return the nodes that no range can check alone, and those beyond the last leaf."""
    wanted = Q(level__gte=3)
    for level in (1, 2):
        wanted |= Q(level=level, index__gte=-(-size // tree.HASHES_PER_TILE**level))
    rows = Node.objects.filter(wanted, pk__lte=last).values_list("level", "index", "hash")
    return {(level, index): bytes(one) for level, index, one in rows}


def _join(
    peaks: list[tuple[int, bytes]],
    checked: Checked,
    high: dict[tuple[int, int], bytes],
    faults: list[Fault],
) -> None:
    for peak_height, peak in checked.peaks:
        height, digest = peak_height, peak
        while peaks and peaks[-1][0] == height:
            digest = tree.node_hash(peaks.pop()[1], digest)
            height += 1
            if height % 8 == 0:
                place = (checked.start >> height, height // 8)
                if high.pop((place[1], place[0]), None) != digest:
                    first = place[0] << height
                    faults.append(
                        Fault(
                            first,
                            f"Node {place[1]}/{place[0]} is not the hash of its leaves.",
                            is_wide=True,
                        )
                    )
        peaks.append((height, digest))


def _fold(peaks: Sequence[tuple[int, bytes]]) -> bytes:
    root = peaks[-1][1]
    for _, peak in reversed(peaks[:-1]):
        root = tree.node_hash(peak, root)
    return root


def _check_checkpoints(
    checkpoints: QuerySet[Checkpoint],
    size: int,
    roots: Mapping[int, bytes],
    trusted: Sequence[str],
) -> Iterator[Fault]:
    vkeys = trusted or [row.vkey for row in LogKey.objects.order_by("since", "pk")]
    verifiers = [note.Verifier.parse(vkey) for vkey in vkeys]
    # Where a fault of the tree is, if only a checkpoint shows it: after the last one that fits.
    fits = 0
    for one in checkpoints.iterator():
        if one.size > size:
            yield Fault(size, f"The log ends at {size}, and its own checkpoint says {one.size}.")
            continue
        fault = _fault_of(one, roots.get(one.size), verifiers)
        if fault is None:
            fits = one.size
        else:
            yield Fault(fits, f"The checkpoint at {one.size} {fault}", is_wide=True)


def _fault_of(
    one: Checkpoint, root: bytes | None, verifiers: Sequence[note.Verifier]
) -> str | None:
    try:
        signed = note.parse_note(one.note)
        note.check_note(signed, verifiers, keys.verify_ed25519)
        origin, size, said = note.parse_checkpoint(signed.text)
    except note.WrongNote as error:
        return f"cannot be believed: {error}"
    if origin not in {verifier.name for verifier in verifiers}:
        return "is of another log."
    if (size, said) != (one.size, bytes(one.root)):
        return "does not say what was signed."
    return None if said == root else "is not the hash of the entries before it."


def _check_kept(kept: Sequence[Kept], size: int, roots: Mapping[int, bytes]) -> Iterator[Fault]:
    for one in kept:
        if one.size > size:
            yield Fault(
                size,
                f"The log has {size} entries, and {one.source} was signed when it had {one.size}:"
                " entries are gone, or an old copy was put back.",
            )
        elif roots.get(one.size) != one.root:
            yield Fault(
                0, f"The log is not the one that {one.source} was signed for.", is_wide=True
            )


def _passed_over(size: int) -> Iterator[Fault]:
    """Name entries without a place although later ones have theirs: somebody slipped them in."""
    if connection.vendor == "sqlite":
        last = Leaf.objects.order_by("-index").values_list("entry_id", flat=True).first() or 0
        late = log.unsealed().filter(pk__lt=last)
    else:
        late = log.unsealed().extra(where=[_BEFORE_POSITION])
    for entry in late.order_by("pk")[:10]:
        yield Fault(size, f"Entry {entry.uuid} was put between others that are sealed already.")


_BEFORE_POSITION = """
    EXISTS (SELECT 1 FROM ledger_position AS p
            WHERE (ledger_entry.xid, ledger_entry.id) <= (p.xid::xid8, p.entry_id))
"""
