"""Reading the log: hashes, checkpoints, and where an entry stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, QuerySet

from ledger import tree
from ledger.models import Checkpoint, Entry, Leaf, Node


class NotSealedYet(Exception):
    """The entry is not under a checkpoint yet. The message is fit to show."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the log, and the proof of it."""

    index: int
    leaf_hash: bytes
    proof: list[bytes]
    checkpoint: Checkpoint


def read(level: int, start: int, stop: int) -> Sequence[bytes]:
    """Return the stored hashes of the subtrees `start` to `stop` of 256**level leaves each."""
    wanted = {"index__gte": start, "index__lt": stop}
    rows = (
        Leaf.objects.filter(**wanted).values_list("hash", flat=True)
        if level == 0
        else Node.objects.filter(level=level, **wanted).values_list("hash", flat=True)
    )
    return [bytes(one) for one in rows.order_by("index")]


def size() -> int:
    """Return how many leaves the tree has."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


# Counting what waits stops here. A log that lags so far behind needs a person, not a number.
MOST_WAITING = 10_000


def unsealed() -> QuerySet[Entry]:
    """Return the entries that have no place in the tree yet."""
    return Entry.objects.exclude(Exists(Leaf.objects.filter(entry_id=OuterRef("pk"))))


def waiting() -> QuerySet[Entry]:
    """Return what waits to be sealed, without a look at the whole log.

    An entry older than the last sealed one may still wait for its transaction, but not one that is
    much older.
    """
    last: int = Leaf.objects.aggregate(last=Max("entry_id"))["last"] or 0
    return unsealed().filter(pk__gt=last - MOST_WAITING)


def latest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def place_of(entry: Entry) -> Place:
    """Return where `entry` stands under the latest checkpoint. Raise NotSealedYet."""
    leaf = Leaf.objects.filter(entry_id=entry.pk).first()
    checkpoint = latest_checkpoint()
    if leaf is None or checkpoint is None or checkpoint.size <= leaf.index:
        raise NotSealedYet(
            "This is not sealed yet. The log is sealed every few seconds; try again in a moment."
        )
    return Place(
        index=leaf.index,
        leaf_hash=bytes(leaf.hash),
        proof=tree.inclusion_proof(leaf.index, checkpoint.size, read),
        checkpoint=checkpoint,
    )
