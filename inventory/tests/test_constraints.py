"""The rules hold for whoever goes round the actions, too."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import Category, Product, Taxonomy, gtin_check_digit, read_gtin, show_gtin
from lib import clock


def make(**fields: Any) -> Product:
    defaults = {"sku": "A", "name": "a", "created_at": clock.now(), "updated_at": clock.now()}
    return Product.objects.create(**{**defaults, **fields})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"sku": ""}, "inventory_product_has_a_sku"),
        ({"name": ""}, "inventory_product_has_a_name"),
        ({"gtin": 4006381333932}, "inventory_gtin_has_its_check_digit"),
        ({"gtin": 0}, "inventory_gtin_has_its_check_digit"),
        ({"gtin": 100_000_000_000_007}, "inventory_gtin_has_its_check_digit"),
        ({"width_mm": 0}, "inventory_width_mm_is_plausible"),
        ({"height_mm": 100_001}, "inventory_height_mm_is_plausible"),
        ({"depth_mm": -5}, "inventory.*depth_mm"),
        ({"weight_g": 10_000_001}, "inventory_weight_g_is_plausible"),
        ({"price": -1}, "inventory_price_is_not_negative"),
        ({"category_source": "person"}, "inventory_category_has_a_source"),
    ],
)
def test_the_database_refuses_what_the_actions_would(fields: dict[str, Any], rule: str) -> None:
    # PostgreSQL names the first constraint that fails, SQLite sometimes the column's own.
    with pytest.raises((IntegrityError, DataError)) as error, transaction.atomic():
        make(**fields)
    assert any(part in str(error.value) for part in (rule, *fields))


@pytest.mark.django_db
def test_the_database_refuses_a_category_without_a_source() -> None:
    now = clock.now()
    category = Category.objects.create(name="c", path="c", created_at=now, updated_at=now)
    with pytest.raises(IntegrityError, match="category_has_a_source"):
        make(category=category)


@pytest.mark.django_db
def test_the_database_refuses_a_second_product_with_a_sku_unless_one_is_deleted() -> None:
    first = make()
    with pytest.raises(IntegrityError), transaction.atomic():
        make()
    Product.objects.filter(pk=first.pk).update(deleted_at=clock.now())
    make()


@pytest.mark.django_db
def test_the_database_holds_one_taxonomy() -> None:
    with pytest.raises(IntegrityError, match="inventory_one_taxonomy"):
        Taxonomy.objects.create(id=2, sha256="", changed_at=clock.now())


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "a > b"])
def test_the_database_refuses_a_category_whose_name_is_none(name: str) -> None:
    now = clock.now()
    with pytest.raises(IntegrityError):
        Category.objects.create(name=name, path="x", created_at=now, updated_at=now)


# GTINs. The examples are from GS1's own page about check digits and from printed goods.


@pytest.mark.parametrize(
    "text", ["96385074", "036000291452", "4006381333931", "6291041500213", "00012345600012"]
)
def test_a_gtin_is_read_and_shown(text: str) -> None:
    assert int(show_gtin(read_gtin(text))) == int(text)


def test_a_upc_and_the_same_number_as_an_ean_are_one_gtin() -> None:
    assert read_gtin("036000291452") == read_gtin("0036000291452") == read_gtin("00036000291452")


@given(st.integers(0, 10**13 - 1), st.integers(0, 9))
def test_one_check_digit_in_ten_is_right(number: int, digit: int) -> None:
    body = f"{number:013}"
    right = gtin_check_digit(body)
    if digit == right and number:
        assert read_gtin(f"{body}{digit}") == number * 10 + digit
    else:
        with pytest.raises(ValidationError):
            read_gtin(f"{body}{digit}")


@given(st.integers(1, 10**13 - 1), st.integers(0, 12), st.integers(1, 9))
def test_a_single_wrong_digit_is_always_noticed(number: int, place: int, off: int) -> None:
    body = f"{number:013}"
    wrong = list(body)
    wrong[place] = str((int(wrong[place]) + off) % 10)
    with pytest.raises(ValidationError):
        read_gtin("".join(wrong) + str(gtin_check_digit(body)))


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["96385074", "036000291452", "4006381333931", "10012345678902"])
def test_the_database_computes_the_same_check_digit(text: str) -> None:
    number = read_gtin(text)
    make(gtin=number)
    for wrong in range(1, 10):
        with pytest.raises(IntegrityError), transaction.atomic():
            make(sku=str(wrong), gtin=number - number % 10 + (number + wrong) % 10)
