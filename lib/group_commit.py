"""Many small durable writes, one commit.

A durable commit costs one fsync, a few milliseconds on most disks, whatever its size. If every
request committed alone, the disk would allow a few hundred answers a second. So callers hand
over what they have to write and wait; one thread per process takes everything that waits,
writes it in one transaction, commits, and only then lets the callers go on. Nobody gets an
answer before the disk has what it says.
"""

from __future__ import annotations

import os
import queue
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import DatabaseError, connection, transaction

T = TypeVar("T")


class Overloaded(Exception):
    """Too much waits to be written, or the database takes too long. Ask again later."""

    retry_after = 1


class _Waiting(Generic[T]):
    """One item, and the caller that sleeps until it is on the disk."""

    __slots__ = ("error", "gave_up", "item", "written")

    def __init__(self, item: T) -> None:
        self.item = item
        self.error: BaseException | None = None
        self.gave_up = False
        # A bare lock, released once by the writer: an Event would take three locks to say the same.
        self.written = threading.Lock()
        self.written.acquire()


class GroupCommit(Generic[T]):
    """Write items durably, as many as wait in one transaction.

    `write_all` gets the items of one batch and writes them with as few statements as it can; it
    runs inside a transaction and must not open connections of its own. If a batch fails, its
    items are tried one by one, each in a savepoint, so a bad item fails alone.

    The thread starts with the first item and again after a fork. It is a daemon because its
    callers wait for it: a server that lets its requests finish has, by then, nothing left to
    write.
    """

    def __init__(
        self,
        write_all: Callable[[Sequence[T]], None],
        *,
        name: str,
        capacity: int = 1024,
        batch: int = 256,
        patience: float = 20.0,
    ) -> None:
        self._write_all = write_all
        self._name = name
        self._capacity = capacity
        self._batch = batch
        self._patience = patience
        self._forget_thread()
        this = weakref.ref(self)

        def after_fork() -> None:
            if alive := this():
                alive._forget_thread()

        os.register_at_fork(after_in_child=after_fork)

    def _forget_thread(self) -> None:
        # A thread does not survive a fork, and a lock or a queue may have been held by it: all
        # three are new.
        self._queue: queue.SimpleQueue[_Waiting[T] | None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, item: T) -> None:
        """Write `item` and return when it is committed.

        Raise what went wrong with it, or Overloaded.

        Inside an open transaction it writes at once: that transaction's commit is then the one
        that counts.
        """
        if connection.in_atomic_block:
            self._write_all([item])
            return
        if self._queue.qsize() >= self._capacity:
            raise Overloaded(
                f"{self._capacity} writes wait for the database. Try again in a moment."
            )
        if self._thread is None:
            self._start()
        waiting = _Waiting(item)
        self._queue.put(waiting)
        if not waiting.written.acquire(timeout=self._patience):
            waiting.gave_up = True
            raise Overloaded("The database did not answer in time. Try again in a moment.")
        if waiting.error is not None:
            raise waiting.error

    def stop(self) -> None:
        """Write what waits, end the thread, close its connection. The next item starts another."""
        with self._starting:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
                self._thread = None

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while True:
            taken = [self._queue.get()]
            while len(taken) < self._batch:
                try:
                    taken.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            # Whoever stopped waiting has told its client so; writing now would only delay the
            # others.
            together = [waiting for waiting in taken if waiting is not None and not waiting.gave_up]
            if together:
                self._commit(together)
            if None in taken:
                connection.close()
                return

    def _commit(self, together: list[_Waiting[T]]) -> None:
        try:
            with transaction.atomic():
                self._write_all([waiting.item for waiting in together])
        except BaseException as error:
            # A thread that dies would leave every later caller asleep, hence BaseException.
            self._close_broken_connection()
            if len(together) > 1:
                self._commit_one_by_one(together)
            else:
                together[0].error = error
        finally:
            for waiting in together:
                waiting.written.release()

    def _commit_one_by_one(self, together: list[_Waiting[T]]) -> None:
        try:
            with transaction.atomic():
                for waiting in together:
                    try:
                        with transaction.atomic():
                            self._write_all([waiting.item])
                    except Exception as error:
                        waiting.error = error
        except BaseException as error:
            self._close_broken_connection()
            for waiting in together:
                waiting.error = error

    @staticmethod
    def _close_broken_connection() -> None:
        # Requests do this at their start; this thread has no requests. Without it a restart of
        # the database server would leave the thread with a dead connection for ever.
        try:
            connection.close_if_unusable_or_obsolete()
        except DatabaseError:
            connection.connection = None
