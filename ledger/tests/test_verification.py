"""The whole log is checked, and whatever was done to it is found and named."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger import actions, keys, log, note, tree
from ledger.models import Checkpoint, Entry, Leaf, LogKey, Node, Verification
from ledger.tests.logs import own_keys
from ledger.verification import Kept, Verified, one_by_one, verify
from lib.rows import insert

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
# On PostgreSQL the rows of every mutation stay behind until its transaction ends, so fewer.
MUTATIONS = 1000 if connection.vendor == "sqlite" else 300
ENTRIES = 270

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys_of_this_test(tmp_path: Path, settings: Any) -> None:
    own_keys(tmp_path / "keys", settings)


def grow(entries: int, *, since: int = 0) -> None:
    """Write entries and seal them as the clock goes on, a checkpoint for every 37 of them."""
    for number in range(since, since + entries):
        actions.record(
            "thing.happened",
            actor=1 + number % 3,
            subject=f"thing:{number % 7}",
            now=NOW + timedelta(seconds=number),
            private={"note": f"Number {number}"} if number % 2 else None,
            about=1 + number % 3 if number % 2 else None,
            number=number,
        )
        if number % 37 == 36:
            actions.seal(now=NOW + timedelta(seconds=number + 20))
    actions.seal(now=NOW + timedelta(seconds=since + entries + 60))


def check(*kept: Checkpoint) -> Verified:
    return verify(
        kept=[Kept("a checkpoint that was kept", one.size, bytes(one.root)) for one in kept]
    )


def write(sql: str, *values: Any) -> None:
    """Write past the triggers, as whoever owns the database can."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, values)
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
            return
        # The first one takes the triggers off, until the transaction of the test is undone.
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger_%%'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(sql, values)


def test_a_log_that_nobody_touched_is_good() -> None:
    grow(300)
    found = check(*Checkpoint.objects.all())
    assert not found.faults
    assert (found.size, found.checkpoint_size, found.unsealed) == (300, 300, 0)
    assert Node.objects.count() == 1


def test_what_waits_to_be_sealed_is_no_fault() -> None:
    grow(40)
    actions.record("thing.happened", actor=None, subject="late", now=NOW)
    found = check()
    assert (found.faults, found.unsealed) == ([], 1)


def test_a_log_that_grows_while_it_is_checked_is_good() -> None:
    grow(250)

    def grow_meanwhile(ranges: Any) -> Any:
        # Completes a node and signs checkpoints, after the size was read.
        grow(40, since=250)
        yield from one_by_one(ranges)

    found = verify(run=grow_meanwhile)
    assert not found.faults
    assert found.size == 250


def test_an_empty_log_is_good() -> None:
    assert not check().faults


# A thousand ways to tamper


class Log:
    """What a mutation may look at and choose from."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.old = Checkpoint.objects.order_by("size")[2]

    def leaf(self) -> int:
        return self.chance.randrange(ENTRIES)

    def entry_at(self, index: int) -> Entry:
        return Entry.objects.get(pk=Leaf.objects.get(pk=index).entry_id)

    def flipped(self, data: bytes) -> bytes:
        changed = bytearray(data)
        changed[self.chance.randrange(len(changed))] ^= 1 << self.chance.randrange(8)
        return bytes(changed)


# Each returns the first leaf that is wrong now, or None where only "somewhere" can be known.
Mutation = Callable[[Log], int | None]


def body_of_an_entry(log: Log) -> int:
    index = log.leaf()
    entry = log.entry_at(index)
    write("UPDATE ledger_entry SET body = %s WHERE id = %s", log.flipped(entry.content()), entry.pk)
    return index


def column_of_an_entry(log: Log) -> int:
    index = log.leaf()
    column, value = log.chance.choice(
        [
            ("kind", "thing.else"),
            ("subject", "thing:99"),
            ("actor_id", 9),
            ("at", NOW.replace(year=2020)),
        ]
    )
    write(
        f"UPDATE ledger_entry SET {column} = %s WHERE id = %s",
        str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value,
        log.entry_at(index).pk,
    )
    return index


def entry_gone(log: Log) -> int:
    index = log.leaf()
    write("DELETE FROM ledger_entry WHERE id = %s", log.entry_at(index).pk)
    return index


def hash_of_a_leaf(log: Log) -> int:
    index = log.leaf()
    leaf = Leaf.objects.get(pk=index)
    write(
        'UPDATE ledger_leaf SET hash = %s WHERE "index" = %s', log.flipped(bytes(leaf.hash)), index
    )
    return index


def leaf_gone(log: Log) -> int:
    index = log.leaf()
    write('DELETE FROM ledger_leaf WHERE "index" = %s', index)
    return index


def order_of_two_entries(log: Log) -> int:
    first, second = sorted(log.chance.sample(range(ENTRIES), 2))
    one, other = (Leaf.objects.get(pk=index).entry_id for index in (first, second))
    write('UPDATE ledger_leaf SET entry_id = 1000000000000 WHERE "index" = %s', first)
    write('UPDATE ledger_leaf SET entry_id = %s WHERE "index" = %s', one, second)
    write('UPDATE ledger_leaf SET entry_id = %s WHERE "index" = %s', other, first)
    return first


def order_of_two_leaves(log: Log) -> int | None:
    """Both the entries and their hashes change places: only the tree above them shows it."""
    first, second = sorted(log.chance.sample(range(ENTRIES), 2))
    a, b = (Leaf.objects.get(pk=index) for index in (first, second))
    write('UPDATE ledger_leaf SET entry_id = 1000000000000 WHERE "index" = %s', first)
    write(
        'UPDATE ledger_leaf SET entry_id = %s, hash = %s WHERE "index" = %s',
        a.entry_id,
        bytes(a.hash),
        second,
    )
    write(
        'UPDATE ledger_leaf SET entry_id = %s, hash = %s WHERE "index" = %s',
        b.entry_id,
        bytes(b.hash),
        first,
    )
    return None


def tile(log: Log) -> int:
    node = Node.objects.get()
    if log.chance.random() < 0.3:
        write("DELETE FROM ledger_node WHERE id = %s", node.pk)
    else:
        write(
            "UPDATE ledger_node SET hash = %s WHERE id = %s", log.flipped(bytes(node.hash)), node.pk
        )
    return 0


def node_beyond_the_tree(log: Log) -> None:
    level, index = log.chance.choice([(1, 1), (1, 5), (2, 0), (3, 0)])
    write(
        'INSERT INTO ledger_node (level, "index", hash) VALUES (%s, %s, %s)',
        level, index, log.chance.randbytes(32),
    )  # fmt: skip


def checkpoint(log: Log) -> None:
    one = log.chance.choice(list(Checkpoint.objects.all()))
    column, value = log.chance.choice(
        [
            ("root", log.flipped(bytes(one.root))),
            ("size", one.size + 1000),
            ("note", log.flipped(one.note.encode("latin-1", "replace")).decode("latin-1")),
        ]
    )
    write(f"UPDATE ledger_checkpoint SET {column} = %s WHERE id = %s", value, one.pk)


def signature_of_another_key(log: Log) -> None:
    one = log.chance.choice(list(Checkpoint.objects.all()))
    text = note.parse_note(one.note).text
    stranger = keys.Key.new(text.split("\n")[0])
    line = note.sign(
        text, name=stranger.name, key_id=stranger.key_id, signature=stranger.sign(text.encode())
    )
    write("UPDATE ledger_checkpoint SET note = %s WHERE id = %s", note.signed(text, [line]), one.pk)


def key_of_the_log(log: Log) -> None:
    row = LogKey.objects.get()
    stranger = keys.Key.new(row.vkey.split("+")[0])
    write("UPDATE ledger_logkey SET vkey = %s WHERE id = %s", stranger.vkey, row.pk)


def what_was_kept_apart(log: Log) -> int:
    index = log.leaf() // 2 * 2 + 1
    uuid = log.entry_at(index).uuid
    key = uuid.hex if connection.vendor == "sqlite" else uuid
    if log.chance.random() < 0.5:
        write("DELETE FROM ledger_opening WHERE entry = %s", key)
    else:
        write("UPDATE ledger_opening SET value = %s WHERE entry = %s", b'{"note":"No"}', key)
    return index


def yesterdays_dump(log: Log) -> None:
    """Everything after an earlier checkpoint is gone, as if it had never been."""
    size = Checkpoint.objects.order_by("size")[log.chance.randrange(2)].size
    last = Leaf.objects.get(pk=size - 1).entry_id
    write("DELETE FROM ledger_checkpoint WHERE size > %s", size)
    write('DELETE FROM ledger_leaf WHERE "index" >= %s', size)
    write("DELETE FROM ledger_node WHERE 1 = 1")
    write("DELETE FROM ledger_entry WHERE id > %s", last)


def the_whole_log_rewritten(log: Log) -> None:
    """Whoever holds the database and the key makes another past, consistent in itself."""
    index = log.chance.randrange(log.old.size)
    entry = log.entry_at(index)
    body = entry.content().replace(b'"number":', b'"numbed":')
    write("UPDATE ledger_entry SET body = %s WHERE id = %s", body, entry.pk)
    sizes = list(Checkpoint.objects.order_by("size").values_list("size", "at"))
    entries = list(Leaf.objects.order_by("index").values_list("entry_id", flat=True))
    for table in ("leaf", "node", "checkpoint"):
        write(f"DELETE FROM ledger_{table} WHERE 1 = 1")
    bodies = dict(Entry.objects.values_list("pk", "body"))
    hashes = [tree.leaf_hash(bytes(bodies[key])) for key in entries]
    insert(
        [
            Leaf(index=place, entry_id=key, hash=digest)
            for place, (key, digest) in enumerate(zip(entries, hashes, strict=True))
        ]
    )
    insert([Node(level=a, index=b, hash=c) for a, b, c in tree.new_nodes(0, hashes, _nothing)])
    (key,) = keys.keys_to_sign_with(create=False)
    for size, at in sizes:
        root = tree.root(size, _read(hashes))
        text = note.checkpoint_text(key.name, size, root)
        line = note.sign(text, name=key.name, key_id=key.key_id, signature=key.sign(text.encode()))
        Checkpoint.objects.create(size=size, root=root, note=note.signed(text, [line]), at=at)


def _nothing(level: int, start: int, stop: int) -> list[bytes]:
    return []


def _read(hashes: list[bytes]) -> tree.Read:
    def read(level: int, start: int, stop: int) -> list[bytes]:
        return hashes[start:stop] if level == 0 else list(log.read(level, start, stop))

    return read


MUTATIONS_BY_NAME: dict[str, Mutation] = {
    one.__name__: one
    for one in (
        body_of_an_entry, column_of_an_entry, entry_gone, hash_of_a_leaf, leaf_gone,
        order_of_two_entries, order_of_two_leaves, tile, node_beyond_the_tree, checkpoint,
        signature_of_another_key, key_of_the_log, what_was_kept_apart, yesterdays_dump,
        the_whole_log_rewritten,
    )
}  # fmt: skip


@pytest.fixture
def grown(db: None) -> Iterator[Log]:
    grow(ENTRIES)
    yield Log(random.Random(20261121))


def test_a_thousand_mutations_are_found_and_the_first_bad_entry_is_named(grown: Log) -> None:
    names = list(MUTATIONS_BY_NAME)
    missed: list[str] = []
    for number in range(MUTATIONS):
        name = names[number % len(names)]
        savepoint = transaction.savepoint()
        first = MUTATIONS_BY_NAME[name](grown)
        found = check(grown.old)
        if found.first is None or (first is not None and found.first.index != first):
            missed.append(f"{number} {name}: {first} {found.faults[:2]}")
        transaction.savepoint_rollback(savepoint)
    assert not missed, "\n".join(missed[:20])
    assert not check(grown.old).faults


# The command


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("verify_ledger", *arguments, "--processes", "1", stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_says_that_all_is_well_and_that_it_looked() -> None:
    grow(40)
    assert "All 40 entries are as they were written" in run()
    kept = Verification.objects.get()
    assert (kept.size, kept.is_good, kept.first_bad) == (40, True, "")
    assert Entry.objects.filter(kind="ledger.verified").count() == 1


def test_the_command_names_the_first_bad_entry_and_keeps_that() -> None:
    grow(40)
    entry = Entry.objects.get(pk=Leaf.objects.get(pk=17).entry_id)
    write("UPDATE ledger_entry SET body = %s WHERE id = %s", b"{}", entry.pk)
    with pytest.raises(CommandError, match=rf"leaf 17: Entry {entry.uuid}"):
        run()
    kept = Verification.objects.get()
    assert not kept.is_good
    assert str(entry.uuid) in kept.first_bad


def test_a_checkpoint_kept_in_a_file_is_held_against_the_log(tmp_path: Path) -> None:
    grow(40)
    file = tmp_path / "checkpoint"
    file.write_text(Checkpoint.objects.latest("size").note, encoding="utf-8")
    grow(40, since=40)
    assert "All 80" in run("--checkpoint", str(file))
    for table, condition in (("checkpoint", "size >= 40"), ("leaf", '"index" >= 39')):
        write(f"DELETE FROM ledger_{table} WHERE {condition}")
    with pytest.raises(CommandError, match="NOT as it was written"):
        run("--checkpoint", str(file))


def test_a_key_from_elsewhere_is_the_one_that_counts() -> None:
    grow(40)
    vkey = LogKey.objects.get().vkey
    assert "All 40" in run("--key", vkey)
    stranger = keys.Key.new(vkey.split("+")[0])
    with pytest.raises(CommandError, match="cannot be believed"):
        run("--key", stranger.vkey)


def test_a_file_that_is_no_checkpoint_is_refused_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint"
    file.write_text("hello")
    with pytest.raises(CommandError, match="no checkpoint that can be read"):
        run("--checkpoint", str(file))
