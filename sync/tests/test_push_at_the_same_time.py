"""What happens when changes arrive at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from inventory.tests.test_at_the_same_time import together
from ledger.models import Entry
from lib import clock
from sync.actions import settling
from sync.models import Change
from sync.tests.pushing import Json, Tablet, entries, outcome

pytestmark = pytest.mark.django_db(transaction=True)

APPLIED = ("applied", None)


@pytest.fixture
def tablet(carla: User) -> Tablet:
    return Tablet(carla)


@pytest.fixture
def product(admin: User) -> Product:
    for name in ("Lamps", "Gloves"):
        inventory.create_category(name=name, parent=None, by=admin, now=clock.now())
    return inventory.create_product(fields={"sku": "A", "name": "Drill"}, by=admin, now=clock.now())


def pushing(tablet: Tablet, change: Json) -> Callable[[], Any]:
    twin = Tablet(tablet.person, tablet.device)
    return lambda: twin.one(change)


@pytest.mark.parametrize("attempt", range(3))
def test_of_deliveries_at_the_same_moment_one_has_the_effect(tablet: Tablet, attempt: int) -> None:
    change = tablet.create()
    results = together(*(pushing(tablet, change) for _ in range(5)))
    assert sorted(one["status"] for one in results) == ["applied"] + ["duplicate"] * 4
    assert {one["was"] for one in results if one["status"] == "duplicate"} == {"applied"}
    assert Product.objects.count() == Change.objects.count() == len(entries()) == 1
    assert Entry.objects.filter(kind="product.created").count() == 1


def test_of_two_changes_with_one_id_at_the_same_moment_one_is_another(tablet: Tablet) -> None:
    change = tablet.create()
    other = {**tablet.create(sku="B"), "id": change["id"]}
    results = together(pushing(tablet, change), pushing(tablet, other))
    assert sorted(map(outcome, results), key=repr) == [APPLIED, ("rejected", "id_reuse")]
    assert Product.objects.count() == Change.objects.count() == 1


def test_a_product_is_made_once_of_two_attempts_at_the_same_moment(tablet: Tablet) -> None:
    uuid = str(uuid4())
    results = together(
        *(pushing(tablet, tablet.create(uuid, sku=str(number))) for number in range(4))
    )
    assert sorted(map(outcome, results), key=repr) == [APPLIED, *[("rejected", "invalid")] * 3]
    assert Product.objects.count() == 1


def test_two_people_who_disagree_at_the_same_moment(
    tablet: Tablet, rita: User, product: Product
) -> None:
    other = Tablet(rita)
    results = together(
        pushing(tablet, tablet.categorize(product, "Lamps")),
        pushing(other, other.categorize(product, "Gloves")),
    )
    assert sorted(map(outcome, results), key=repr) == [APPLIED, ("conflict", "human_conflict")]
    product.refresh_from_db()
    first = next(one for one in results if one["status"] == "applied")
    assert str(product.category) == first["product"]["category"]


def test_a_row_that_somebody_holds_is_not_waited_for_without_end(
    tablet: Tablet, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("On SQLite writers take turns.")
    monkeypatch.setattr(settling, "_PATIENCE_MS", 50)
    edit = tablet.edit(product, {"name": "Drill"}, name="Drill 2")
    push = pushing(tablet, edit)
    with transaction.atomic():
        Product.objects.select_for_update().get(pk=product.pk)
        (result,) = together(push)
    assert outcome(result) == ("deferred", "busy")
    assert not Change.objects.exists()
    assert outcome(tablet.one(edit)) == APPLIED


# What the database itself refuses


def row(carla: User) -> Change:
    now = clock.now()
    return Change(
        id=uuid4(),
        kind="prediction.skip",
        person=carla,
        device=UUID(int=1),
        seq=1,
        status="applied",
        result={},
        made_at=now,
        received_at=now,
        skew_ms=0,
    )


def test_the_database_takes_no_change_without_its_entry(carla: User) -> None:
    with pytest.raises(IntegrityError, match="sync_change_needs_entry"), transaction.atomic():
        row(carla).save(force_insert=True)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has OR REPLACE")
def test_no_change_is_pushed_out_by_another_that_made_the_same(tablet: Tablet) -> None:
    tablet.push(tablet.create())
    other = Entry.objects.filter(kind="product.created").values_list("uuid", flat=True)[0].hex
    names = [str(field.column) for field in Change._meta.concrete_fields]
    values = ", ".join(f"'{other}'" if name == "id" else name for name in names)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers=OFF")
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute(
                f"INSERT OR REPLACE INTO sync_change ({', '.join(names)})"
                f" SELECT {values} FROM sync_change"
            )
        cursor.execute("PRAGMA recursive_triggers=ON")


def test_a_change_stays_as_it_was_written(tablet: Tablet) -> None:
    tablet.push(tablet.create())
    for write in (
        lambda: Change.objects.update(status="rejected", code="gone"),
        lambda: Change.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            write()
