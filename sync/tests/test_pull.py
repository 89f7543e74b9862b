"""Whoever pulls has what the server has: first all of it, then what changes."""

from __future__ import annotations

import pytest

from accounts.models import User
from inventory import actions
from inventory.csv_import import Row
from inventory.models import Category, Product
from lib import clock
from sync.tests.mirror import Mirror, category, product, real

pytestmark = pytest.mark.django_db


def test_a_first_pull_brings_everything_and_then_waits(mirror: Mirror, catalogue: None) -> None:
    mirror.pull_all()
    assert mirror.rows == real()
    assert [page["is_snapshot"] for page in mirror.pages] == [True, False]
    assert mirror.pages[-1]["changes"] == []
    assert mirror.page()["changes"] == []


def test_an_empty_catalogue_is_pulled_too(mirror: Mirror, admin: User) -> None:
    mirror.pull_all()
    assert mirror.rows == {}
    product("A-1", admin)
    assert mirror.pull_all().rows == real() != {}


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_a_snapshot_comes_in_pages_categories_first(
    mirror: Mirror, catalogue: None, limit: int
) -> None:
    mirror.limit = limit
    mirror.pull_all()
    assert mirror.rows == real()
    told = [change["c"] for page in mirror.pages for change in page["changes"]]
    assert told == ["category"] * 2 + ["product"] * 7


def test_what_is_written_afterwards_comes_once_as_it_is_now(
    mirror: Mirror, catalogue: None, admin: User
) -> None:
    mirror.pull_all()
    new = product("B-1", admin)
    for name in ("Saw", "Plane"):
        actions.update_product(product_id=new.pk, fields={"name": name}, by=admin, now=clock.now())
    page = mirror.page()
    assert [(change["id"], change["data"]["name"]) for change in page["changes"]] == [
        (new.pk, "Plane")
    ]
    assert (page["is_snapshot"], page["has_more"]) == (False, False)
    assert mirror.rows == real()


def test_what_was_deleted_leaves_a_tombstone(mirror: Mirror, catalogue: None, admin: User) -> None:
    mirror.pull_all()
    gone = Product.objects.latest("pk")
    actions.delete_product(product_id=gone.pk, by=admin, now=clock.now())
    empty = category("Empty", admin)
    mirror.pull_all()
    actions.delete_category(category_id=empty.pk, by=admin, now=clock.now())
    assert mirror.page()["changes"] == [
        {"c": "category", "id": empty.pk, "op": "delete", "data": None}
    ]
    assert ("product", gone.pk) not in mirror.rows
    assert mirror.rows == real()


def test_a_row_that_was_deleted_by_hand_goes_too(mirror: Mirror, catalogue: None) -> None:
    mirror.pull_all()
    Product.objects.all().delete()
    assert mirror.pull_all().rows == real()
    assert len(mirror.rows) == 2


def test_a_category_that_is_renamed_brings_those_below_it(
    mirror: Mirror, catalogue: None, admin: User
) -> None:
    mirror.pull_all()
    tools = Category.objects.get(path="Tools")
    actions.update_category(
        category_id=tools.pk, fields={"name": "Hand tools"}, by=admin, now=clock.now()
    )
    page = mirror.page()
    assert [change["data"]["path"] for change in page["changes"]] == [
        "Hand tools",
        "Hand tools > Drills",
    ]
    # A product's own copy of the path is what it was when the product was last written.
    assert mirror.rows != real()
    assert mirror.shown() == real()


def test_an_import_comes_too_and_what_it_left_alone_does_not(
    mirror: Mirror, catalogue: None, admin: User
) -> None:
    mirror.pull_all()
    rows = [
        Row(line=line, fields={"sku": sku, "name": name}, category="Boats", digest=b"")
        for line, (sku, name) in enumerate([("A-0", "Drill A-0"), ("C-1", "Oar"), ("C-2", "Sail")])
    ]
    actions.import_products(rows=rows, file_sha256="0" * 64, by=admin, now=clock.now())
    page = mirror.page()
    assert len(page["changes"]) == 4
    assert mirror.rows == real()


def test_deltas_come_in_pages(mirror: Mirror, admin: User) -> None:
    mirror.pull_all()
    for number in range(5):
        product(f"B-{number}", admin)
    mirror.limit = 2
    assert [page["has_more"] for page in mirror.pull()] == [True, True, False]
    assert mirror.rows == real()


def test_a_snapshot_that_was_interrupted_misses_nothing_that_was_written_meanwhile(
    mirror: Mirror, catalogue: None, admin: User
) -> None:
    mirror.limit = 3
    pages = mirror.pull()
    for _ in range(3):
        assert next(pages)["is_snapshot"]
        first = Product.objects.present().earliest("pk")
        actions.delete_product(product_id=first.pk, by=admin, now=clock.now())
        last = Product.objects.present().latest("pk")
        actions.update_product(
            product_id=last.pk, fields={"name": "Changed"}, by=admin, now=clock.now()
        )
        product(f"N-{len(mirror.pages)}", admin)
    for _ in pages:
        pass
    assert mirror.rows == real()


def test_a_page_that_was_lost_on_the_way_is_simply_read_again(
    mirror: Mirror, catalogue: None
) -> None:
    mirror.limit = 2
    for _ in range(9):
        lost = mirror.ask().json()
        page = mirror.page()
        assert {**page, "server_time": ""} == {**lost, "server_time": ""}
    assert mirror.rows == real()
