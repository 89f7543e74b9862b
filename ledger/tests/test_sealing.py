"""The sequencer: every entry gets one place, in an order that commits explain; none is missed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from ledger import actions, log, note, tree
from ledger.actions import sealing
from ledger.models import Checkpoint, Entry, Leaf, LogKey, Node, Position
from ledger.tests.logs import own_keys
from ledger.verification import verify
from lib import clock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WRITERS = 8
TRANSACTIONS = 40


@pytest.fixture(autouse=True)
def keys_of_this_test(tmp_path: Path, settings: Any) -> None:
    own_keys(tmp_path / "keys", settings)


def write(count: int = 1, *, now: datetime = NOW) -> None:
    for number in range(count):
        actions.record("thing.happened", actor=None, subject="x", now=now, number=number)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# When a checkpoint is signed


@pytest.mark.django_db
def test_the_first_entries_are_signed_at_once() -> None:
    write(3)
    sealed = actions.seal(now=NOW)
    assert sealed.appended == 3
    assert sealed.checkpoint is not None
    assert sealed.checkpoint.size == 3


@pytest.mark.django_db
def test_ten_seconds_pass_between_checkpoints_unless_a_thousand_leaves_come() -> None:
    write(3)
    actions.seal(now=NOW)
    write(2)
    assert actions.seal(now=after(9)).checkpoint is None
    assert log.size() == 5
    assert actions.seal(now=after(10)).checkpoint is not None
    write(sealing.CHECKPOINT_LEAVES)
    assert actions.seal(now=after(11)).checkpoint is not None


@pytest.mark.django_db
def test_nothing_new_is_not_signed_again() -> None:
    write(3)
    actions.seal(now=NOW)
    assert actions.seal(now=after(100)).checkpoint is None
    assert Checkpoint.objects.count() == 1


@pytest.mark.django_db
def test_a_clock_that_was_set_back_does_not_stop_the_sealing() -> None:
    write(3)
    actions.seal(now=NOW)
    write(1)
    assert actions.seal(now=after(-3600)).checkpoint is not None


@pytest.mark.django_db
def test_the_checkpoint_is_what_the_standard_makes_of_the_bodies() -> None:
    write(700)
    checkpoint = actions.seal(now=NOW).checkpoint
    assert checkpoint is not None
    hashes = [tree.leaf_hash(entry.content()) for entry in Entry.objects.order_by("pk")]
    assert bytes(checkpoint.root) == tree.root_of(hashes)
    head = note.parse_checkpoint(note.parse_note(checkpoint.note).text)
    assert (head.size, head.root) == (700, tree.root_of(hashes))
    assert head.origin == LogKey.objects.get().vkey.split("+")[0]
    assert [bytes(one.hash) for one in Node.objects.order_by("index")] == [
        tree.root_of(hashes[:256]),
        tree.root_of(hashes[256:512]),
    ]


@pytest.mark.django_db
def test_more_than_a_batch_is_sealed_in_one_go() -> None:
    write(sealing.BATCH + 5)
    assert actions.seal(now=NOW).appended == sealing.BATCH + 5
    assert Leaf.objects.count() == sealing.BATCH + 5


@pytest.mark.django_db
def test_the_place_of_an_entry_can_be_proved() -> None:
    write(300)
    actions.seal(now=NOW)
    entry = Entry.objects.order_by("pk")[123]
    place = log.place_of(entry)
    assert place.index == 123
    tree.check_inclusion(
        tree.leaf_hash(entry.content()), 123, 300, place.proof, bytes(place.checkpoint.root)
    )


@pytest.mark.django_db
def test_what_is_not_sealed_yet_says_so() -> None:
    write(2)
    with pytest.raises(log.NotSealedYet, match="in a moment"):
        log.place_of(Entry.objects.latest("pk"))


# Many writers


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    yield
    connections.close_all()


def writer(seed: int, written: list[int]) -> None:
    """Write transactions of random length; some are undone; some take their time."""
    chance = random.Random(seed)
    try:
        for _ in range(TRANSACTIONS):
            kept: list[int] = []
            with transaction.atomic():
                for _ in range(chance.randint(1, 5)):
                    entry = actions.record(
                        "thing.happened", actor=None, subject="x", now=clock.now()
                    )
                    kept.append(entry.pk)
                    if connection.vendor == "postgresql":
                        time.sleep(chance.random() * 0.02)
                if chance.random() < 0.2:
                    transaction.set_rollback(True)
                    kept = []
            written += kept
    finally:
        connection.close()


def test_eight_writers_are_never_passed_over_nor_doubled(committed: None) -> None:
    written: list[list[int]] = [[] for _ in range(WRITERS)]
    threads = [
        threading.Thread(target=writer, args=(seed, written[seed])) for seed in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    rounds = 0
    while any(thread.is_alive() for thread in threads):
        actions.seal(now=clock.now())
        rounds += 1
    for thread in threads:
        thread.join()
    actions.seal(now=clock.now())
    sealed = list(Leaf.objects.order_by("index").values_list("entry_id", flat=True))
    assert sorted(sealed) == sorted(key for keys in written for key in keys)
    assert len(set(sealed)) == len(sealed)
    assert rounds > 1
    assert not verify().faults


def test_two_sequencers_at_once_share_the_work(committed: None) -> None:
    with transaction.atomic():
        write(3 * sealing.BATCH)

    def sequence() -> None:
        try:
            actions.seal(now=clock.now())
        finally:
            connection.close()

    threads = [threading.Thread(target=sequence) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    actions.seal(now=clock.now())
    assert log.size() == 3 * sealing.BATCH
    assert not verify().faults


# PostgreSQL, whose keys are drawn before the commit

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer, so keys follow commits."
)


@only_postgresql
def test_an_older_transaction_that_is_still_open_holds_later_entries_back(committed: None) -> None:
    begun, finish = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                write()
                begun.set()
                assert finish.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(30)
    with transaction.atomic():
        write()
    assert actions.seal(now=NOW).appended == 0
    finish.set()
    thread.join()
    assert actions.seal(now=NOW).appended == 2
    assert list(Leaf.objects.order_by("index").values_list("entry_id", flat=True)) == sorted(
        Entry.objects.values_list("pk", flat=True)
    )


@only_postgresql
@pytest.mark.django_db
def test_transaction_1000_comes_after_999(monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    actions.seal(now=NOW)
    write(3)
    Position.objects.update(xid="8", entry_id=0)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        for xid, entry in enumerate(Entry.objects.order_by("pk")[1:], 9):
            cursor.execute(
                "UPDATE ledger_entry SET xid = %s::text::xid8 WHERE id = %s", [xid, entry.pk]
            )
        cursor.execute("ALTER TABLE ledger_entry ENABLE TRIGGER USER")
    monkeypatch.setattr(sealing, "BATCH", 1)
    assert actions.seal(now=after(20)).appended == 3
    sealed = list(Leaf.objects.order_by("index").values_list("entry_id", flat=True))
    assert sealed == sorted(sealed)


@only_postgresql
@pytest.mark.parametrize("moved", [10**9, -3])
def test_a_dump_put_into_another_cluster_goes_on_where_it_was(committed: None, moved: int) -> None:
    with transaction.atomic():
        write(5)
    actions.seal(now=NOW)
    with transaction.atomic():
        write(4)
    # As a restore leaves it: the numbers of the old cluster, in a new one.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE ledger_entry SET xid = (xid::text::bigint + %s)::text::xid8", [moved]
        )
        cursor.execute("ALTER TABLE ledger_entry ENABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_position SET cluster = 'another'")
    assert actions.seal(now=after(20)).appended == 4
    with transaction.atomic():
        write(3)
    assert actions.seal(now=after(40)).appended == 3
    assert Position.objects.get().cluster != "another"
    assert log.size() == 12
    assert not verify().faults
