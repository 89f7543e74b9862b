"""What an action explains is told once, by the action; and nothing else is an excuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.actions import create_person
from accounts.models import User
from inventory.actions import (
    create_category,
    create_product,
    delete_category,
    delete_product,
    import_products,
    update_category,
    update_product,
)
from inventory.csv_import import Row
from inventory.models import Category, Product
from ledger.actions import record
from ledger.models import Entry
from ledger.tests.telling import CATEGORY, NOW, PRODUCT, refused, run, telling
from lib.ids import uuid7
from registry.models import Approval, Deployment, ModelVersion
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db


# What an action explains is told once, by the action


def row(sku: str, name: str = "n") -> Row:
    return Row(line=2, fields={"sku": sku, "name": name}, category=None, digest=b"x")


def test_the_actions_of_products_write_one_entry_each(admin: User, tools: Category) -> None:
    who: Any = {"by": admin, "now": NOW}
    with telling("product.created") as told:
        made = create_product(fields={"sku": "A", "name": "a"}, **who)
    assert made.entry_id == told[0].uuid
    with telling("product.updated") as told:
        update_product(product_id=made.pk, fields={"name": "b"}, **who)
    assert Product.objects.get().entry_id == told[0].uuid
    with telling("product.deleted"):
        delete_product(product_id=made.pk, **who)


def test_an_import_explains_all_its_rows_with_one_entry(admin: User, drill: Product) -> None:
    rows = [row("D-1", "Better drill"), row("N-1"), row("N-2")]
    with telling("products.imported") as told:
        import_products(rows=rows, file_sha256="0" * 64, by=admin, now=NOW)
    assert set(Product.objects.values_list("entry_id", flat=True)) == {told[0].uuid}


def test_the_actions_of_categories_write_one_entry_each(admin: User) -> None:
    who: Any = {"by": admin, "now": NOW}
    with telling("category.created"):
        top = create_category(name="A", parent=None, **who)
    with telling("category.created"):
        create_category(name="B", parent="A", **who)
    with telling("category.updated"):
        update_category(category_id=top.pk, fields={"name": "C"}, **who)
    with telling("category.deleted"):
        delete_category(category_id=Category.objects.get(path="C > B").pk, **who)


def test_a_deleted_category_explains_what_becomes_of_its_deleted_products(
    admin: User, drill: Product, tools: Category
) -> None:
    delete_product(product_id=drill.pk, by=admin, now=NOW)
    with telling("category.deleted") as told:
        delete_category(category_id=tools.pk, by=admin, now=NOW)
    assert Product.objects.get().entry_id == told[0].uuid


def test_a_person_who_is_made_by_an_action_is_told_by_it(roles: None) -> None:
    person: Any = {"username": "x", "display_name": "X", "role": "picker", "now": NOW}
    with telling("role.given", "person.created"):
        create_person(password="correct horse", **person)
    with telling():
        create_person(password="correct horse", **person)
    with telling("person.changed"):
        create_person(password="battery staple", **person)


def test_models_are_let_in_with_one_entry_for_each_step(deployed: SHA256) -> None:
    kinds = list(Entry.objects.filter(subject=deployed["live"]).values_list("kind", flat=True))
    assert kinds == ["model.registered", "model.approved", "model.deployed"]
    assert not Entry.objects.filter(kind__endswith=".changed_outside", subject__regex="^[0-9a-f]")
    for model in (ModelVersion, Approval, Deployment):
        assert not model._default_manager.filter(entry=None).exists()


# Excuses


def test_an_entry_of_the_past_is_no_excuse(drill: Product) -> None:
    old = record("product.updated", actor=None, subject="product:1", now=NOW)
    for write in (
        lambda: Product.objects.update(price=1, entry_id=old.uuid),
        lambda: Product.objects.create(sku="x", **PRODUCT, entry_id=old.uuid),
        lambda: User.objects.update(is_superuser=True, entry_id=old.uuid),
        lambda: User.objects.create(username="x", entry_id=old.uuid),
        lambda: Category.objects.create(name="x", path="x", entry_id=old.uuid, **CATEGORY),
    ):
        with refused("tells of something else"):
            write()


def test_an_entry_explains_several_writes_before_it_is_written(drill: Product) -> None:
    entry = uuid7()
    with telling("product.updated"):
        Product.objects.update(price=1, entry_id=entry)
        Product.objects.update(price=2)
        record("product.updated", actor=None, subject="product:1", now=NOW, uuid=entry)
    with telling("product.changed_outside"):
        Product.objects.update(price=3)


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_never_comes_undoes_what_it_should_have_told(drill: Product) -> None:
    with telling(), pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.update(price=1, entry_id=uuid7())
    assert Product.objects.get().price is None


def test_a_row_that_goes_takes_no_promise_with_it(drill: Product, tools: Category) -> None:
    with telling("product.changed_outside"):
        Product.objects.update(price=1, entry_id=uuid7())
        run("DELETE FROM inventory_product")
    with telling("category.changed_outside"):
        Category.objects.update(name="x", entry_id=uuid7())
        run("DELETE FROM inventory_category")


def test_another_category_s_end_does_not_explain_this_one_s(tools: Category) -> None:
    other = uuid7()
    with telling("category.deleted", "category.changed_outside"):
        Category.objects.update(entry_id=other)
        record("category.deleted", actor=None, subject="category:0", now=NOW, uuid=other)
        run("DELETE FROM inventory_category")
