"""What happens when two people do something at the same moment."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from inventory import actions
from inventory.models import Category, Product, Taxonomy
from ledger.models import Entry
from lib import clock

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], object]) -> list[Any]:
    """Run these at the same time; return what each returned or raised."""
    results: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(number: int) -> None:
        start.wait()
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


def test_of_two_changes_to_one_version_the_second_is_told(admin: User) -> None:
    product = actions.create_product(fields={"sku": "A", "name": "a"}, by=admin, now=clock.now())

    def change(name: str) -> Callable[[], Product]:
        return lambda: actions.update_product(
            product_id=product.pk,
            fields={"name": name},
            by=admin,
            now=clock.now(),
            expected_version=1,
        )

    results = together(*(change(f"name {number}") for number in range(6)))
    stale = [result for result in results if isinstance(result, actions.Stale)]
    assert len(stale) == 5
    assert all(error.current == 2 for error in stale)
    assert Entry.objects.filter(kind="product.updated").count() == 1


def test_changes_to_different_fields_are_both_kept(admin: User) -> None:
    product = actions.create_product(fields={"sku": "A", "name": "a"}, by=admin, now=clock.now())
    fields: list[Any] = [{"brand": "B"}, {"width_mm": 5}, {"weight_g": 7}, {"description": "d"}]

    def change(number: int) -> Callable[[], Product]:
        return lambda: actions.update_product(
            product_id=product.pk, fields=fields[number], by=admin, now=clock.now()
        )

    together(*(change(number) for number in range(4)))
    stored = Product.objects.get()
    assert (stored.brand, stored.width_mm, stored.weight_g, stored.description) == ("B", 5, 7, "d")
    assert stored.version == 5


def test_a_sku_goes_to_one_of_those_who_want_it(admin: User) -> None:
    results = together(
        *(
            lambda: actions.create_product(
                fields={"sku": "A", "name": "a"}, by=admin, now=clock.now()
            )
            for _ in range(6)
        )
    )
    assert sum(isinstance(result, Product) for result in results) == 1
    assert sum(isinstance(result, actions.CannotSave) for result in results) == 5


def test_taxonomy_versions_follow_one_another_without_a_gap(admin: User) -> None:
    def create(number: int) -> Callable[[], Category]:
        return lambda: actions.create_category(
            name=f"C{number}", parent=None, by=admin, now=clock.now()
        )

    results = together(*(create(number) for number in range(8)))
    assert all(isinstance(result, Category) for result in results), results
    assert Taxonomy.current_version() == 8
    versions = {
        entry.content().split(b'"taxonomy_version":')[1][:1]
        for entry in Entry.objects.filter(kind="category.created")
    }
    assert versions == {b"%d" % number for number in range(1, 9)}


@pytest.mark.parametrize("attempt", range(3))
def test_a_category_is_not_deleted_under_a_product_that_moves_into_it(
    admin: User, attempt: int
) -> None:
    category = actions.create_category(name="C", parent=None, by=admin, now=clock.now())
    product = actions.create_product(fields={"sku": "A", "name": "a"}, by=admin, now=clock.now())
    deleted, moved = together(
        lambda: actions.delete_category(category_id=category.pk, by=admin, now=clock.now()),
        lambda: actions.categorize(
            product_id=product.pk, category="C", source="person", by=admin, now=clock.now()
        ),
    )
    # One of the two happened, and the other was told why not.
    if deleted is None:
        assert isinstance(moved, actions.UnknownCategory)
        assert Product.objects.get().category is None
    else:
        assert isinstance(deleted, actions.CannotSave)
        assert Product.objects.get().category == category
