"""Whoever cannot read on is told so, and why; and has everything after reading anew."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from accounts.models import User
from inventory.models import Product
from ledger.models import Entry
from sync import cursors
from sync.feed import head
from sync.models import Epoch, Touched
from sync.tests.mirror import Mirror, change, product, real

pytestmark = pytest.mark.django_db


def refused(mirror: Mirror, reason: str) -> None:
    """Check that this mirror cannot read on, and that a new one has what there is."""
    answer = mirror.ask()
    assert answer.status_code == 410, answer.content
    problem = answer.json()
    assert (problem["code"], problem["reason"]) == ("resync_required", reason)
    mirror.cursor = ""
    assert mirror.pull_all().shown() == real()


@contextmanager
def yesterday() -> Iterator[None]:
    """Restore the database to what it is now, at the end."""
    last = Touched.objects.latest("pk").pk
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    if connection.vendor == "postgresql":
        # A rollback leaves sequences alone; a copy of the database has them as they were.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('sync_touched', 'id'), %s)", [last]
            )


@pytest.fixture
def pulled(mirror: Mirror, catalogue: None) -> Mirror:
    return mirror.pull_all()


# The database is an older copy of itself


def test_what_was_read_and_never_happened_is_noticed(pulled: Mirror, admin: User) -> None:
    with yesterday():
        product("B-1", admin)
        pulled.pull_all()
    refused(pulled, "rewound")


def test_it_is_also_noticed_when_the_keys_were_given_again(pulled: Mirror, admin: User) -> None:
    with yesterday():
        product("B-1", admin)
        pulled.pull_all()
        then = Touched.objects.latest("pk").pk
    for number in range(5):
        product(f"C-{number}", admin)
    assert Touched.objects.filter(pk=then).exists()
    refused(pulled, "rewound")


def test_whoever_has_read_nothing_since_reads_on(pulled: Mirror, admin: User) -> None:
    with yesterday():
        product("B-1", admin)
    product("C-1", admin)
    assert [one["data"]["sku"] for one in pulled.page()["changes"]] == ["C-1"]
    assert pulled.rows == real()


def test_a_state_that_is_newer_than_its_row_of_the_feed_counts_as_read(
    pulled: Mirror, admin: User
) -> None:
    first = Product.objects.earliest("pk")
    change(first, "Known yesterday", admin)
    with yesterday():
        change(first, "Unknown yesterday", admin)
        pulled.limit = 1
        [told] = pulled.page()["changes"]
        assert told["data"]["name"] == "Unknown yesterday"
    refused(pulled, "rewound")


def test_a_snapshot_that_was_interrupted_is_not_gone_on_with(
    mirror: Mirror, catalogue: None, admin: User
) -> None:
    mirror.limit = 4
    mirror.page()
    with yesterday():
        change(Product.objects.earliest("pk"), "Unknown yesterday", admin)
        mirror.page()
    refused(mirror, "rewound")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about a file that is put back")
@pytest.mark.django_db(transaction=True)
def test_a_copy_of_the_file_that_is_put_back_is_noticed(
    pulled: Mirror, admin: User, tmp_path: Path
) -> None:
    other = Mirror(pulled.client).pull_all()
    with closing(sqlite3.connect(tmp_path / "yesterday.sqlite3")) as copy:
        connection.connection.backup(copy)
        product("B-1", admin)
        pulled.pull_all()
        assert len(pulled.rows) == len(other.rows) + 1
        copy.backup(connection.connection)
    product("C-1", admin)
    assert other.pull_all().rows == real()
    refused(pulled, "rewound")


# The other reasons


def test_another_cluster_is_another_epoch(pulled: Mirror, admin: User) -> None:
    before = pulled.pages[-1]["epoch"]
    Epoch.objects.update(cluster="another")
    refused(pulled, "epoch")
    epoch = str(Epoch.objects.get().uuid)
    assert {page["epoch"] for page in pulled.pages[-2:]} == {epoch} != {before}
    entry = Entry.objects.filter(kind="sync.epoch_began").latest("pk")
    assert json.loads(entry.content())["details"] == {"epoch": epoch, "previous": before}
    product("B-1", admin)
    assert pulled.pull_all().rows == real()


def test_nothing_of_the_feed_of_another_cluster_is_kept(pulled: Mirror) -> None:
    old = set(Touched.objects.values_list("pk", flat=True))
    Epoch.objects.update(cluster="another")
    refused(pulled, "epoch")
    assert not old & set(Touched.objects.values_list("pk", flat=True))


def test_who_may_do_other_things_reads_anew(pulled: Mirror, carla: User) -> None:
    carla.groups.add(Group.objects.get(name="auditor"))
    refused(pulled, "scope")


def test_another_format_of_copies_is_read_anew(
    pulled: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursors, "SCHEMA", 2)
    refused(pulled, "schema")


def test_what_waits_for_the_next_question_is_no_reason(pulled: Mirror, admin: User) -> None:
    for number in range(30):
        product(f"B-{number}", admin)
    assert pulled.pull_all().rows == real()


# What is no cursor

SPOILT: list[Callable[[dict[str, Any]], object]] = [
    lambda told: told.pop("place"),
    lambda told: told.update(place=[1, 2]),
    lambda told: told.update(place=["1", 2, 3]),
    lambda told: told.update(place=[-1, 2, 3]),
    lambda told: told.update(place=[0, 2**63, 3]),
    lambda told: told.update(place=[0, True, 3]),
    lambda told: told.update(place=None),
    lambda told: told.update(seen=[1]),
    lambda told: told.update(seen={"a": 1, "b": 2}),
    lambda told: told.update(phase="everything"),
    lambda told: told.update(phase=["product"]),
    lambda told: told.update(last=1.5),
    lambda told: told.update(last=10**400),
    lambda told: told.update(epoch="x"),
    lambda told: told.update(epoch=7),
    lambda told: told.update(schema="1"),
    lambda told: told.clear(),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_cursor_that_somebody_changed_is_a_bad_request(
    pulled: Mirror, spoil: Callable[[dict[str, Any]], object]
) -> None:
    padded = pulled.cursor + "=" * (-len(pulled.cursor) % 4)
    told = json.loads(base64.urlsafe_b64decode(padded))
    spoil(told)
    pulled.cursor = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    answer = pulled.ask()
    assert answer.status_code in (400, 410), answer.content
    if answer.status_code == 400:
        assert (answer.json()["code"], answer.json()["parameter"]) == ("invalid_query", "cursor")
    else:
        # It reads like one, of rows that there are not.
        assert answer.json()["reason"] == "rewound"


@pytest.mark.parametrize("text", ["x", "ä", "%%%", "bnVsbA", "W10", "e30", "[[[[", "A" * 5000])
def test_what_was_never_a_cursor_is_a_bad_request(pulled: Mirror, text: str) -> None:
    pulled.cursor = text
    answer = pulled.ask()
    assert (answer.status_code, answer.json()["parameter"]) == (400, "cursor")


def test_a_cursor_fits_into_an_address(pulled: Mirror) -> None:
    place = head()
    assert place is not None
    assert len(pulled.cursor) < 300
    assert pulled.cursor.replace("-", "").replace("_", "").isalnum()
