"""Many writers, one commit: nobody goes on before their row is there, and a bad row fails alone."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from ledger.models import Entry
from lib import clock
from lib.group_commit import GroupCommit, Overloaded
from lib.ids import uuid7
from lib.rows import insert

pytestmark = pytest.mark.django_db(transaction=True)


def entry(kind: str = "test.written", **fields: Any) -> Entry:
    return Entry(
        uuid=fields.pop("uuid", uuid7()),
        kind=kind,
        subject=fields.pop("subject", "s"),
        actor_id=1,
        at=clock.now(),
        body=b"{}",
    )


@pytest.fixture
def batches() -> list[int]:
    return []


@pytest.fixture
def writer(batches: list[int]) -> Iterator[GroupCommit[Entry]]:
    def write_all(entries: Sequence[Entry]) -> None:
        batches.append(len(entries))
        insert(entries)

    writer: GroupCommit[Entry] = GroupCommit(write_all, name="test")
    yield writer
    writer.stop()


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            results[number] = works[number]()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_row_is_there_when_the_writer_returns(writer: GroupCommit[Entry]) -> None:
    def write_and_look() -> bool:
        mine = entry()
        writer.write(mine)
        return Entry.objects.filter(uuid=mine.uuid).exists()

    assert at_once([write_and_look] * 30) == [True] * 30


def test_those_who_wait_share_a_commit(batches: list[int]) -> None:
    started, go_on = threading.Event(), threading.Event()

    def write_all(entries: Sequence[Entry]) -> None:
        batches.append(len(entries))
        started.set()
        assert go_on.wait(10)
        insert(entries)

    writer: GroupCommit[Entry] = GroupCommit(write_all, name="test")
    first = threading.Thread(target=at_once, args=[[lambda: writer.write(entry())]])
    first.start()
    assert started.wait(10)
    others = threading.Thread(target=at_once, args=[[lambda: writer.write(entry())] * 9])
    others.start()
    while writer._queue.qsize() < 9:
        time.sleep(0.01)
    go_on.set()
    first.join()
    others.join()
    writer.stop()
    assert batches == [1, 9]


def test_a_bad_row_fails_alone(writer: GroupCommit[Entry]) -> None:
    taken = entry()
    with transaction.atomic():
        insert([taken])
    bad = lambda: writer.write(entry(uuid=taken.uuid))  # noqa: E731
    good = lambda: writer.write(entry())  # noqa: E731
    results = at_once([good, bad] * 10)
    assert results[0::2] == [None] * 10
    assert all(isinstance(result, IntegrityError) for result in results[1::2])
    assert Entry.objects.count() == 11


def test_inside_a_transaction_it_writes_at_once_and_shares_its_fate(
    writer: GroupCommit[Entry],
) -> None:
    with transaction.atomic():
        writer.write(entry())
        assert Entry.objects.count() == 1
        transaction.set_rollback(True)
    assert Entry.objects.count() == 0
    assert writer._thread is None


def test_too_much_at_once_is_refused(batches: list[int]) -> None:
    started, go_on = threading.Event(), threading.Event()

    def write_all(entries: Sequence[Entry]) -> None:
        started.set()
        assert go_on.wait(10)

    writer: GroupCommit[Entry] = GroupCommit(write_all, name="test", capacity=3)
    first = threading.Thread(target=at_once, args=[[lambda: writer.write(entry())]])
    first.start()
    assert started.wait(10)
    waiting = threading.Thread(target=at_once, args=[[lambda: writer.write(entry())] * 3])
    waiting.start()
    while writer._queue.qsize() < 3:
        time.sleep(0.01)
    with pytest.raises(Overloaded, match="3 writes wait"):
        writer.write(entry())
    go_on.set()
    first.join()
    waiting.join()
    writer.stop()


def test_who_waits_too_long_gives_up_and_is_not_written_later() -> None:
    started, go_on = threading.Event(), threading.Event()
    written: list[Entry] = []

    def write_all(entries: Sequence[Entry]) -> None:
        started.set()
        assert go_on.wait(10)
        written.extend(entries)

    writer: GroupCommit[Entry] = GroupCommit(write_all, name="test", patience=0.2)
    slow = threading.Thread(target=at_once, args=[[lambda: writer.write(entry("first"))]])
    slow.start()
    assert started.wait(10)
    with pytest.raises(Overloaded, match="in time"):
        writer.write(entry("second"))
    go_on.set()
    slow.join()
    writer.stop()
    assert [one.kind for one in written] == ["first"]


def test_a_database_that_comes_back_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    down = threading.Event()
    down.set()

    def write_all(entries: Sequence[Entry]) -> None:
        if down.is_set():
            raise OperationalError("the server closed the connection")
        insert(entries)

    writer: GroupCommit[Entry] = GroupCommit(write_all, name="test")
    results = at_once([lambda: writer.write(entry())] * 5)
    assert all(isinstance(result, OperationalError) for result in results)
    down.clear()
    assert at_once([lambda: writer.write(entry())] * 5) == [None] * 5
    writer.stop()
    assert Entry.objects.count() == 5


def test_stopping_writes_what_waits_and_the_next_item_starts_again(
    writer: GroupCommit[Entry],
) -> None:
    assert at_once([lambda: writer.write(entry())]) == [None]
    thread = writer._thread
    assert thread is not None
    writer.stop()
    assert not thread.is_alive()
    assert at_once([lambda: writer.write(entry())]) == [None]
    assert Entry.objects.count() == 2


def test_a_child_process_starts_a_thread_of_its_own(writer: GroupCommit[Entry]) -> None:
    assert at_once([lambda: writer.write(entry())]) == [None]
    child = os.fork()
    if child == 0:
        os._exit(0 if writer._thread is None and writer._queue.qsize() == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
