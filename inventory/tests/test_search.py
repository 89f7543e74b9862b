"""What people type, and what they should find by it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from inventory import actions
from inventory.models import Category, Product
from inventory.search import searchable, spellings
from lib import clock

database = pytest.mark.django_db

SHELF = [
    {"sku": "M-1", "name": "Straßenkarte München", "brand": "Größe & Söhne"},
    {"sku": "AB-18.V/2", "name": "Cordless drill 18 V", "brand": "Nordwerk"},
    {"sku": "L-2", "name": "Brick 2 × 4", "brand": "Żółw", "gtin": 4006381333931},
    {"sku": "G-1", "name": "Ζωγραφική ΟΔΟΣ", "brand": "Ёлка"},
    {"sku": "J-1", "name": "電動ドリル", "brand": "ガレージ"},
    {"sku": "E-1", "name": "Mug 😀 50% off_season", "brand": "Levi’s"},
    {"sku": "D-1", "name": "Rødgrød smørebræt", "brand": "Ångström"},
    {"sku": "I-1", "name": "İSTANBUL ﬁne co\u00adop", "brand": "back\\slash"},
]


@pytest.fixture
def shelf(admin: User) -> None:
    for fields in SHELF:
        actions.create_product(fields=fields, by=admin, now=clock.now())  # type: ignore[arg-type]


def found(words: str) -> list[str]:
    return list(Product.objects.search(words).order_by("pk").values_list("sku", flat=True))


@database
@pytest.mark.parametrize(
    ("words", "sku"),
    [
        # Capitals and accents, whichever side has them.
        ("MÜNCHEN", "M-1"),
        ("münchen", "M-1"),
        ("munchen", "M-1"),
        ("muenchen", "M-1"),
        ("mu\u0308nchen", "M-1"),
        ("STRASSENKARTE", "M-1"),
        ("STRAẞEN", "M-1"),
        ("soehne grosse", "M-1"),
        ("zolw", "L-2"),
        ("ŻÓŁW", "L-2"),
        ("ζωγραφικη", "G-1"),
        ("οδος", "G-1"),
        ("οδοσ", "G-1"),
        ("ЕЛКА", "G-1"),
        ("ёлка", "G-1"),
        ("rodgrod", "D-1"),
        ("roedgroed smoerebraet", "D-1"),
        ("angstrom", "D-1"),
        ("aangstroem", "D-1"),
        ("istanbul", "I-1"),
        ("fine coop", "I-1"),
        # Other scripts, full-width letters, and pictures.
        ("ドリル", "J-1"),
        ("ﾄﾞﾘﾙ", "J-1"),
        ("ＤＲＩＬＬ", "AB-18.V/2"),
        ("😀", "E-1"),
        # Parts of words, in any order, from several fields.
        ("nord drill cord", "AB-18.V/2"),
        ("levi's", "E-1"),
        ("Levi’s", "E-1"),
        # Measures, with a space or without.
        ("18v", "AB-18.V/2"),
        ("18 V", "AB-18.V/2"),
        ("2x4", "L-2"),
        ("2 x 4", "L-2"),
        ("2×4", "L-2"),
        # The SKU, with its punctuation or without, and the GTIN, whole or in part.
        ("ab-18.v/2", "AB-18.V/2"),
        ("ab18v2", "AB-18.V/2"),
        ("4006381333931", "L-2"),
        ("04006381333931", "L-2"),
        ("333931", "L-2"),
        # What a database takes for a wildcard is a character like any other.
        ("%", "E-1"),
        ("50%", "E-1"),
        ("off_season", "E-1"),
        ("back\\slash", "I-1"),
    ],
)
def test_a_product_is_found_by_what_people_type(shelf: None, words: str, sku: str) -> None:
    assert found(words) == [sku]


@database
@pytest.mark.parametrize(
    "words",
    [
        "münchen nordwerk",
        "drill hammer",
        "5%f",
        "of_e_season",
        "d_ill",
        "dr%l",
        "333932",
        "33393",  # too short for a part of a GTIN
        "' OR 1=1 --",
        "1x8",
    ],
)
def test_a_product_without_one_of_the_words_is_not_found(shelf: None, words: str) -> None:
    assert found(words) == []


@database
def test_no_words_leave_nothing_out(shelf: None) -> None:
    assert len(found("")) == len(found(" \u200b\u00ad ")) == len(SHELF)


@given(st.text(min_size=1), st.text(), st.text())
def test_every_product_is_found_by_each_of_its_own_words(sku: str, name: str, brand: str) -> None:
    text = searchable(f"{name} {brand}", code=sku)
    for spelling in spellings(f"{brand} {sku} {name}"):
        assert any(one in text for one in spelling), (spelling, text)


@given(st.text())
def test_capitals_make_no_difference(name: str) -> None:
    text = searchable(name.casefold())
    for spelling in spellings(name):
        assert any(one in text for one in spelling)


# The text follows the product, whichever way it is written


def folded(product: Product) -> str:
    return searchable(f"{product.name} {product.brand}", code=product.sku)


@database
def test_a_changed_product_is_found_by_its_new_words_alone(shelf: None, admin: User) -> None:
    product = Product.objects.get(sku="M-1")
    actions.update_product(
        product_id=product.pk, fields={"name": "Stadtplan Zürich"}, by=admin, now=clock.now()
    )
    assert found("zurich") == ["M-1"]
    assert found("munchen") == []
    actions.update_product(
        product_id=product.pk, fields={"sku": "Z 9", "brand": ""}, by=admin, now=clock.now()
    )
    assert found("z9") == ["Z 9"]
    assert found("sohne") == []


@database
def test_an_import_folds_what_is_new_and_what_changed(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    for name in ("Ölkanne", "Gießkanne"):
        file.write_text(f"sku,name\nA,{name}\nB,Säge\n", encoding="utf-8")
        call_command("import_products", str(file), verbosity=0)
    assert found("giesskanne") == ["A"]
    assert found("olkanne") == []
    assert found("saege") == ["B"]


@database
def test_the_migration_folds_what_was_there_before(shelf: None, admin: User) -> None:
    from importlib import import_module
    from types import SimpleNamespace
    from typing import Any

    from django.apps import apps
    from django.db import connection

    migration: Any = import_module("inventory.migrations.0003_fill_search_text")
    actions.create_category(name="Möbel", parent=None, by=admin, now=clock.now())
    Category.objects.update(search_text="")
    Product.objects.update(search_text="")
    migration.CHUNK = 3
    migration.fill(apps, SimpleNamespace(connection=connection))
    products = Product.objects.all()
    assert [product.search_text for product in products] == [folded(one) for one in products]
    assert Category.objects.get().search_text == "mobel moebel"


@database
def test_the_folded_text_is_nobodys_business(client: Client, shelf: None, carla: User) -> None:
    client.force_login(carla)
    answer: Any = client.get("/api/v1/products?search=munchen").json()
    assert [product["sku"] for product in answer["results"]] == ["M-1"]
    assert "search_text" not in answer["results"][0]


# Categories


@database
def test_a_category_is_found_by_what_people_type_also_after_it_moved(admin: User) -> None:
    now = clock.now()
    furniture = actions.create_category(name="Möbel", parent=None, by=admin, now=now)
    actions.ensure_categories(paths={"Möbel > Bücherregale"}, by=admin, now=now)

    def paths(words: str) -> list[str]:
        return [category.path for category in Category.objects.search(words).order_by("path")]

    assert paths("MOBEL") == ["Möbel", "Möbel > Bücherregale"]
    assert paths("buecher möbel") == ["Möbel > Bücherregale"]
    actions.update_category(
        category_id=furniture.pk, fields={"name": "Haus"}, by=admin, now=clock.now()
    )
    assert paths("mobel") == []
    assert paths("haus bucher") == ["Haus > Bücherregale"]


@database
def test_two_branches_that_differ_in_a_capital_are_two(admin: User) -> None:
    actions.ensure_categories(
        paths={"Tools > Saws", "tools > saws", "TOOLS_ > x"}, by=admin, now=clock.now()
    )
    upper = Category.objects.get(path="Tools")
    assert [category.path for category in Category.objects.within("Tools").order_by("path")] == [
        "Tools",
        "Tools > Saws",
    ]
    actions.update_category(
        category_id=upper.pk, fields={"name": "Garage"}, by=admin, now=clock.now()
    )
    assert set(Category.objects.values_list("path", flat=True)) == {
        "Garage",
        "Garage > Saws",
        "TOOLS_",
        "TOOLS_ > x",
        "tools",
        "tools > saws",
    }
