"""Whoever pulls while others write misses nothing, however long their transactions last."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import Error as DatabaseError
from django.db import connection, connections, transaction
from django.test import Client

from accounts.models import User
from inventory import actions
from inventory.csv_import import Row
from inventory.models import Category, Product
from lib import clock
from sync import feed
from sync.actions.feed import begin_epoch
from sync.metrics import lines
from sync.models import Epoch, Touched
from sync.tests.mirror import Mirror, category, change, product, real

WRITERS = 8
TRANSACTIONS = 15
LONGEST_S = 0.02
ON_POSTGRESQL = connection.vendor == "postgresql"

only_postgresql = pytest.mark.skipif(
    not ON_POSTGRESQL, reason="SQLite has one writer at a time, so keys follow commits"
)


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    yield
    connections.close_all()


def beside(*work: Callable[[], None]) -> list[threading.Thread]:
    """Start threads that each do something with a connection of their own."""

    def run(one: Callable[[], None]) -> None:
        try:
            one()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    return threads


class Writer:
    """Somebody who writes things of their own, in transactions of any length."""

    def __init__(self, number: int, by: User) -> None:
        self.number = number
        self.by = by
        self.chance = random.Random(number)
        self.own: list[Product] = []
        self.done = 0

    def __call__(self) -> None:
        for turn in range(TRANSACTIONS):
            try:
                with transaction.atomic():
                    for step in range(self.chance.randint(1, 4)):
                        self.write(f"{self.number}-{turn}-{step}")
                        self.take_time()
                    if self.chance.random() < 0.1:
                        transaction.set_rollback(True)
                self.done += 1
            except DatabaseError:
                # Two waited for each other, and this one had to give way.
                assert ON_POSTGRESQL
            # What was made may have been undone.
            found = Product.objects.present().filter(sku__startswith=f"{self.number}-")
            self.own = list(found)

    def take_time(self) -> None:
        # Keys are drawn now and committed later, after those of others.
        if ON_POSTGRESQL:
            time.sleep(self.chance.random() * LONGEST_S)

    def write(self, name: str) -> None:
        what = self.chance.random()
        if what < 0.5 or not self.own:
            product(name, self.by)
        elif what < 0.6:
            gone = self.own.pop(self.chance.randrange(len(self.own)))
            actions.delete_product(product_id=gone.pk, by=self.by, now=clock.now())
        elif what < 0.7:
            rows = [
                Row(line, {"sku": f"{name}-{line}", "name": "Imported"}, None, b"")
                for line in range(20)
            ]
            actions.import_products(rows=rows, file_sha256="0" * 64, by=self.by, now=clock.now())
        elif what < 0.75:
            root = Category.objects.get(path__startswith=f"{self.number}:", parent=None)
            actions.update_category(
                category_id=root.pk,
                fields={"name": f"{self.number}: {name}"},
                by=self.by,
                now=clock.now(),
            )
        else:
            change(self.chance.choice(self.own), name, self.by)


@pytest.fixture
def writers(committed: None, roles: None) -> list[Writer]:
    people = [User.objects.create_user(f"writer {number}") for number in range(WRITERS)]
    for number, one in enumerate(people):
        root = category(f"{number}:", one)
        category("below", one, root.path)
    return [Writer(number, one) for number, one in enumerate(people)]


def reader(by: User, limit: int) -> Mirror:
    client = Client()
    client.force_login(by)
    return Mirror(client, limit=limit)


def test_eight_writers_lose_nothing(writers: list[Writer], admin: User) -> None:
    early, small, late = (reader(admin, limit) for limit in (500, 7, 3))
    early.pull_all()
    threads = beside(*writers)
    rounds = 0
    while any(thread.is_alive() for thread in threads):
        early.pull_all()
        # These stop in the middle of their snapshots, and later in the middle of what came since.
        small.page()
        if rounds % 4 == 0:
            late.page()
        rounds += 1
    for thread in threads:
        thread.join()
    assert sum(writer.done for writer in writers) > WRITERS * TRANSACTIONS / 2
    assert rounds > 1
    expected = real()
    for mirror in (early, small, late):
        mirror.pull_all()
        assert mirror.shown() == expected
    # Also what nobody would miss in the end, because it was written again.
    told = {(one["c"], one["id"]) for page in early.pages for one in page["changes"]}
    assert told >= {
        (collection, row)
        for collection, row in Touched.objects.values_list("collection", "row")
        if row
    }


@pytest.mark.postgresql
@only_postgresql
def test_what_is_committed_after_a_younger_transaction_is_waited_for(
    committed: None, admin: User
) -> None:
    # Whoever acts for the first time waits for others who do so for the same person.
    product("early", admin)
    mirror = reader(admin, 500).pull_all()
    is_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            product("slow", admin)
            is_written.set()
            assert may_commit.wait(30)

    [thread] = beside(slow)
    assert is_written.wait(30)
    product("quick", admin)
    try:
        # It is there for everybody to see, and yet: whoever read on from it would miss the other.
        assert Product.objects.filter(sku="quick").exists()
        assert mirror.page()["changes"] == []
        head = feed.head()
        waiting = held_back(clock.now() + timedelta(seconds=60))
    finally:
        may_commit.set()
        thread.join()
    assert [one["data"]["sku"] for one in mirror.page()["changes"]] == ["slow", "quick"]
    later = feed.head()
    assert head is not None
    assert later is not None
    assert later.number > head.number
    # Whoever runs the server sees how long this lasts.
    assert 60 <= waiting < 120
    assert held_back(clock.now()) == 0


def held_back(now: datetime) -> float:
    return float(lines(now=now)[-1].split()[1])


@pytest.mark.postgresql
@only_postgresql
def test_a_snapshot_that_begins_beside_an_open_transaction_gets_it_later(
    committed: None, admin: User
) -> None:
    is_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            product("slow", admin)
            is_written.set()
            assert may_commit.wait(30)

    [thread] = beside(slow)
    assert is_written.wait(30)
    try:
        # The epoch begins now, too, in a transaction that is younger.
        mirror = reader(admin, 500).pull_all()
        assert mirror.rows == {}
    finally:
        may_commit.set()
        thread.join()
    assert mirror.pull_all().rows == real() != {}


@pytest.mark.postgresql
@only_postgresql
def test_transaction_1000_comes_after_999(mirror: Mirror, admin: User) -> None:
    mirror.limit = 1
    mirror.pull_all()
    made = [product(f"B-{number}", admin) for number in range(3)]
    with connection.cursor() as cursor:
        for xid, one in enumerate(made, 9):
            cursor.execute(
                'UPDATE sync_touched SET xid = %s::text::xid8 WHERE "row" = %s', [xid, one.pk]
            )
    mirror.pull_all()
    assert mirror.rows == real()
    assert [page["sync_head"] for page in mirror.pages[-4:]] == [0, 11, 11, 11]


def test_an_epoch_begins_once(committed: None) -> None:
    begun = []
    start = threading.Barrier(4)

    def begin() -> None:
        start.wait()
        begun.append(begin_epoch(now=clock.now()))

    for thread in beside(*[begin] * 4):
        thread.join()
    assert set(begun) == {Epoch.objects.get().uuid}
    assert len(begun) == 4
    assert Touched.objects.count() == 1
