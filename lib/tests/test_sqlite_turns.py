"""On SQLite, writers of several processes take turns instead of starving each other."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import IntegrityError, connections, transaction
from pytest_django.plugin import DjangoDbBlocker

from lib.sqlite.base import DatabaseWrapper


@pytest.fixture
def database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[DatabaseWrapper]:
    settings = {
        **connections["default"].settings_dict,
        "ENGINE": "lib.sqlite",
        "NAME": str(tmp_path / "db.sqlite3"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
    wrapper = DatabaseWrapper(settings, alias="turns")
    wrapper.inc_thread_sharing()
    connections["turns"] = wrapper
    connections.settings["turns"] = settings
    with django_db_blocker.unblock():
        with wrapper.cursor() as cursor:
            cursor.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
        yield wrapper
        wrapper.close()
    del connections["turns"]
    del connections.settings["turns"]


def is_free(database: DatabaseWrapper) -> bool:
    """Whether another process could begin a transaction now."""
    file = os.open(f"{database.settings_dict['NAME']}-turn", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


def test_a_transaction_holds_the_turn_until_its_commit(database: DatabaseWrapper) -> None:
    assert is_free(database)
    with transaction.atomic("turns"):
        assert not is_free(database)
        with transaction.atomic("turns"):
            pass
        assert not is_free(database)
    assert is_free(database)


def test_a_rollback_ends_the_turn(database: DatabaseWrapper) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic("turns"):
        raise ZeroDivisionError
    assert is_free(database)


def test_a_failed_statement_ends_the_turn(database: DatabaseWrapper) -> None:
    with pytest.raises(IntegrityError), transaction.atomic("turns"), database.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1), (1)")
    assert is_free(database)


def test_a_transaction_that_cannot_begin_ends_the_turn(database: DatabaseWrapper) -> None:
    other = sqlite3.connect(database.settings_dict["NAME"], timeout=0)
    other.execute("BEGIN IMMEDIATE")
    with database.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(Exception, match="locked"), transaction.atomic("turns"):
        raise AssertionError
    assert is_free(database)
    other.close()


def test_closing_ends_the_turn(database: DatabaseWrapper) -> None:
    with pytest.raises(Exception, match="closed"), transaction.atomic("turns"):
        database.close()
        assert is_free(database)
        database.cursor()


def test_the_next_writer_waits_for_its_turn(database: DatabaseWrapper) -> None:
    file = os.open(f"{database.settings_dict['NAME']}-turn", os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    done = threading.Event()

    def write() -> None:
        # Another thread has connections of its own; this one lends it the database's.
        connections["turns"] = database
        with transaction.atomic("turns"), database.cursor() as cursor:
            cursor.execute("INSERT INTO t VALUES (1)")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not done.wait(0.2)
    os.close(file)
    thread.join(10)
    assert done.is_set()


def test_who_has_written_lines_up_behind_who_waits(database: DatabaseWrapper) -> None:
    waiting = os.open(f"{database.settings_dict['NAME']}-next", os.O_RDWR | os.O_CREAT)
    fcntl.flock(waiting, fcntl.LOCK_EX)
    done = threading.Event()

    def write() -> None:
        connections["turns"] = database
        with transaction.atomic("turns"):
            done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not done.wait(0.2)
    assert is_free(database)
    os.close(waiting)
    thread.join(10)
    assert done.is_set()
