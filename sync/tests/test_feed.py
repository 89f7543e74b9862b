"""The feed: what writes into it, what leaves it, and who notices."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import User
from inventory.models import Product
from lib import clock
from lib.triggers import missing
from sync import feed
from sync.actions import feed as actions
from sync.jobs import forget_old_feed
from sync.models import Touched
from sync.tests.mirror import Mirror, change, product, real

pytestmark = pytest.mark.django_db

LONG = actions.KEEP + timedelta(days=1)


def aged(rows: int, *, by: timedelta = LONG) -> None:
    """Let the first rows of the feed be from long ago."""
    first = Touched.objects.order_by("pk").values_list("pk", flat=True)[:rows]
    Touched.objects.filter(pk__in=list(first)).update(at=clock.now() - by)


# What leaves it


def test_who_was_away_for_too_long_reads_anew(mirror: Mirror, catalogue: None, admin: User) -> None:
    mirror.pull_all()
    gone = Product.objects.earliest("pk")
    change(gone, "Changed", admin)
    # By hand, so that nothing but the feed tells of it.
    Product.objects.filter(pk=gone.pk).delete()
    product("B-1", admin)
    aged(Touched.objects.count() - 1)
    forget_old_feed()
    answer = mirror.ask()
    assert (answer.status_code, answer.json()["reason"]) == (410, "expired")
    mirror.cursor = ""
    assert mirror.pull_all().rows == real()
    assert ("product", gone.pk) not in mirror.rows


def test_who_comes_back_in_time_reads_on(mirror: Mirror, catalogue: None, admin: User) -> None:
    mirror.pull_all()
    last = Touched.objects.latest("pk")
    product("B-1", admin)
    aged(Touched.objects.count() - 2)
    forget_old_feed()
    assert Touched.objects.earliest("pk") == last
    assert [one["data"]["sku"] for one in mirror.page()["changes"]] == ["B-1"]


def test_the_last_row_stays_however_old(mirror: Mirror, admin: User) -> None:
    mirror.pull_all()
    product("B-1", admin)
    mirror.pull_all()
    aged(Touched.objects.count())
    forget_old_feed()
    assert Touched.objects.count() == 1
    assert mirror.page()["changes"] == []


def test_nothing_old_is_forgotten_behind_something_younger(
    mirror: Mirror, catalogue: None, admin: User
) -> None:
    mirror.pull_all()
    kept = Touched.objects.latest("pk")
    product("B-1", admin)
    product("B-2", admin)
    # As after a clock that went wrong, or on PostgreSQL a transaction that took its time.
    Touched.objects.filter(pk=kept.pk + 1).update(at=clock.now() - LONG)
    forget_old_feed()
    assert [one["data"]["sku"] for one in mirror.page()["changes"]] == ["B-1", "B-2"]


def test_many_rows_go_in_several_steps(
    mirror: Mirror, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.pull_all()
    for number in range(7):
        product(f"B-{number}", admin)
    aged(Touched.objects.count())
    before = Touched.objects.count()
    monkeypatch.setattr(actions, "BATCH", 3)
    assert actions.prune_feed(now=clock.now()) == 3
    assert Touched.objects.count() == before - 3
    monkeypatch.setattr("sync.jobs.BATCH", 3)
    forget_old_feed()
    assert Touched.objects.count() == 1


def test_a_second_run_finds_nothing_to_do(mirror: Mirror, admin: User) -> None:
    mirror.pull_all()
    for number in range(7):
        product(f"B-{number}", admin)
    aged(3)
    forget_old_feed()
    before = list(Touched.objects.values_list("pk", flat=True))
    assert len(before) == 5
    forget_old_feed()
    assert list(Touched.objects.values_list("pk", flat=True)) == before


# What writes into it


def test_a_row_says_when(admin: User) -> None:
    product("B-1", admin)
    row = Touched.objects.get()
    assert isinstance(row.at, datetime)
    assert abs(clock.now() - row.at) < timedelta(hours=1)


def test_marks_differ(admin: User) -> None:
    for number in range(20):
        product(f"B-{number}", admin)
    # One statement has one mark for each of its rows, too.
    Product.objects.update(brand="x")
    assert len(set(Touched.objects.values_list("mark", flat=True))) == Touched.objects.count() == 40


def test_a_statement_that_meets_no_row_writes_none(admin: User) -> None:
    Product.objects.filter(sku="nothing").update(name="x")
    assert not Touched.objects.exists()


@pytest.mark.parametrize("table", ["inventory_product", "inventory_category"])
@pytest.mark.parametrize("done", ["insert", "update", "delete"])
def test_a_feed_that_is_not_written_any_more_is_noticed(table: str, done: str) -> None:
    assert missing() == []
    trigger = f"{table}_touched_{done}"
    on = "" if connection.vendor == "sqlite" else f" ON {table}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {trigger}{on}")
    assert missing() == [f"trigger {trigger} is gone."]


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such tables to mix up")
def test_a_temporary_table_does_not_catch_what_is_written(mirror: Mirror, admin: User) -> None:
    mirror.pull_all()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE sync_touched (LIKE public.sync_touched)")
        cursor.execute("CREATE TEMPORARY TABLE written (id bigint)")
    product("B-1", admin)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public.sync_touched")
        assert cursor.fetchone() == (2,)


def test_the_head_is_the_last_that_can_be_read(mirror: Mirror, admin: User) -> None:
    assert feed.head() is None
    mirror.pull_all()
    begun = feed.head()
    assert begun is not None
    product("B-1", admin)
    later = feed.head()
    assert later is not None
    assert later.number > begun.number
