"""Sealing the log: entries get their places in the tree, and a signed checkpoint covers them.

One sequencer at a time does this, whichever process it is in. It takes entries in the order in
which their transactions were committed. On SQLite that is the order of their keys, because one
transaction writes at a time. On PostgreSQL keys are drawn before the commit, so the sequencer
follows the transactions: it takes an entry only when no transaction as old as its own can still
be open, and so never passes one by (design and race: docs/ledger-format.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from ledger import keys, log, note, tree
from ledger.models import Checkpoint, Entry, Leaf, LogKey, Node, Position
from lib.rows import insert_values

BATCH = 1024
CHECKPOINT_EVERY = timedelta(seconds=10)
CHECKPOINT_LEAVES = 1000

# Any number will do, as long as nobody else locks the same one.
_LOCK = 7_345_201_962


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round of sealing did."""

    appended: int
    checkpoint: Checkpoint | None


def seal(*, now: datetime) -> Sealed:
    """Append everything that waits to the tree, and sign a checkpoint if one is due."""
    appended = 0
    checkpoint = None
    while True:
        count = _append()
        appended += count
        checkpoint = sign(now=now) or checkpoint
        if count < BATCH:
            return Sealed(appended, checkpoint)


def _append() -> int:
    if connection.vendor == "sqlite" and not _waiting_on_sqlite(1):
        return 0  # without having taken the lock that every writer waits for
    with transaction.atomic():
        if connection.vendor == "sqlite":
            waiting = _waiting_on_sqlite(BATCH)
        else:
            waiting = _waiting_on_postgresql(BATCH) if _is_alone() else []
        if not waiting:
            return 0
        size = log.size()
        hashes = [tree.leaf_hash(bytes(body)) for _, body in waiting]
        entries = [entry for entry, _ in waiting]
        insert_values(Leaf, list(zip(itertools.count(size), entries, hashes)))
        insert_values(Node, tree.new_nodes(size, hashes, log.read))
        return len(waiting)


def _waiting_on_sqlite(most: int) -> Sequence[tuple[int, bytes]]:
    last = Leaf.objects.order_by("-index").values_list("entry_id", flat=True).first() or 0
    rows = Entry.objects.filter(pk__gt=last).order_by("pk")
    return [(key, bytes(body)) for key, body in rows.values_list("pk", "body")[:most]]


def _is_alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


_UNPLACED = "NOT EXISTS (SELECT FROM ledger_leaf WHERE entry_id = ledger_entry.id)"
# Nothing that is older can still be committed.
_SETTLED = "xid < pg_snapshot_xmin(pg_current_snapshot())"
# What this very transaction has written is committed with its place, or not at all.
_OWN = "xid = pg_current_xact_id_if_assigned()"


def _waiting_on_postgresql(most: int) -> Sequence[tuple[int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier::text, pg_snapshot_xmin(pg_current_snapshot())::text"
            " FROM pg_control_system()"
        )
        cluster, oldest = cursor.fetchone()
        position = Position.objects.first()
        if position is None or position.cluster != cluster:
            return _after_a_move(most, cluster=cluster, oldest=oldest)
        cursor.execute(
            f"SELECT id, body, xid::text, {_SETTLED} FROM ledger_entry"
            f" WHERE (xid, id) > (%s::xid8, %s) AND ({_SETTLED} OR {_OWN}) AND {_UNPLACED}"
            # xid alone would be the text above, by which 1000 comes before 999.
            " ORDER BY ledger_entry.xid, id LIMIT %s",
            [position.xid, position.entry_id, most],
        )
        rows = cursor.fetchall()
    settled = [(xid, entry) for entry, _, xid, is_settled in rows if is_settled]
    if settled:
        Position.objects.update(xid=settled[-1][0], entry_id=settled[-1][1])
    return [(entry, body) for entry, body, _, _ in rows]


def _after_a_move(most: int, *, cluster: str, oldest: str) -> Sequence[tuple[int, bytes]]:
    """Take what has no place, in a cluster whose transactions are not those of the entries.

    A dump that was restored elsewhere brings the numbers of its old transactions along, and they
    say nothing about the new ones. Numbers that were not given out here yet are surely settled.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, body FROM ledger_entry WHERE {_UNPLACED} AND ({_SETTLED}"
            f" OR {_OWN} OR xid >= pg_snapshot_xmax(pg_current_snapshot())) ORDER BY id LIMIT %s",
            [most],
        )
        rows: list[tuple[int, bytes]] = cursor.fetchall()
    if len(rows) < most:
        # From here on as usual, beginning with what was open when this transaction looked.
        Position.objects.update_or_create(
            id=1, defaults={"cluster": cluster, "xid": oldest, "entry_id": 0}
        )
    return rows


def sign(*, now: datetime, at_once: bool = False) -> Checkpoint | None:
    """Sign what the tree is now, if it has grown and a checkpoint is due."""
    if not _is_due(now, at_once=at_once):
        return None  # without having taken the lock that every writer waits for
    with transaction.atomic():
        if connection.vendor != "sqlite" and not _is_alone():
            return None
        return _sign(now) if _is_due(now, at_once=at_once) else None


def _is_due(now: datetime, *, at_once: bool) -> bool:
    size = log.size()
    latest = log.latest_checkpoint()
    if latest is None or size == latest.size:
        return latest is None and size > 0
    # A clock that was set back must not stop the sealing.
    is_recent = timedelta(0) <= now - latest.at < CHECKPOINT_EVERY
    return at_once or size - latest.size >= CHECKPOINT_LEAVES or not is_recent


def _sign(now: datetime) -> Checkpoint:
    size = log.size()
    signers = keys.keys_to_sign_with(create=True)
    root = tree.root(size, log.read)
    text = note.checkpoint_text(signers[0].name, size, root)
    lines = [
        note.sign(text, name=key.name, key_id=key.key_id, signature=key.sign(text.encode()))
        for key in signers
    ]
    for key in signers:
        LogKey.objects.get_or_create(vkey=key.vkey, defaults={"since": now})
    return Checkpoint.objects.create(size=size, root=root, note=note.signed(text, lines), at=now)
