"""The page with the list of products, as people read it."""

import re
from html import unescape
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from conftest import member
from inventory import actions, listing
from inventory.models import Category, Product
from inventory.tests.reading import has_link, link, text
from lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def picker(client: Client, carla: User) -> Client:
    client.force_login(carla)
    return client


@pytest.fixture
def stock(admin: User) -> None:
    """120 products; every tenth is a drill, and each thing has somebody else's word for it."""
    now = clock.now()
    actions.ensure_categories(paths={"Tools > Drills", "Tools > Saws", "Toys"}, by=None, now=now)
    drills, toys = (Category.objects.get(path=path) for path in ("Tools > Drills", "Toys"))
    made = Product.objects.bulk_create(
        Product(
            sku=f"N-{number:03}",
            name=f"Thing no {number}",
            search_text=f"n-{number:03} thing no {number}",
            created_at=now,
            updated_at=now,
        )
        for number in range(120)
    )
    for product in made[::10]:
        actions.update_product(
            product_id=product.pk, fields={"name": "Bohrmaschine für Öl"}, by=admin, now=now
        )
    for product, category, source in (
        (made[0], drills, "person"),
        (made[1], drills, "model"),
        (made[2], toys, "import"),
    ):
        actions.categorize(
            product_id=product.pk, category=category.path, source=source, by=admin, now=now
        )


def skus(page: Any) -> list[str]:
    assert page.status_code == 200, page.content
    return re.findall(r'<td class="mono">([^<]*)</td>', page.content.decode())


# Pages


def test_the_newest_products_come_first_fifty_a_page(picker: Client, stock: None) -> None:
    expected = [f"N-{number:03}" for number in reversed(range(120))]
    first = picker.get("/products")
    assert skus(first) == expected[:50]
    assert not has_link(first, "Previous page")
    second = picker.get(link(first, "Next page"))
    assert skus(second) == expected[50:100]
    third = picker.get(link(second, "Next page"))
    assert skus(third) == expected[100:]
    assert not has_link(third, "Next page")
    assert skus(picker.get(link(third, "Previous page"))) == expected[50:100]
    assert skus(picker.get(link(second, "Previous page"))) == expected[:50]
    assert link(third, "First page") == "/products"


def test_products_can_be_read_by_sku_in_both_directions(picker: Client, stock: None) -> None:
    expected = [f"N-{number:03}" for number in range(120)]
    first = picker.get("/products?sort=sku")
    second = picker.get(link(first, "Next page"))
    assert skus(first) + skus(second) == expected[:100]
    assert skus(picker.get(link(second, "Previous page"))) == expected[:50]


def test_a_product_added_between_two_pages_moves_nothing(
    picker: Client, stock: None, admin: User
) -> None:
    first = picker.get("/products")
    actions.create_product(fields={"sku": "New", "name": "x"}, by=admin, now=clock.now())
    second = picker.get(link(first, "Next page"))
    assert skus(second)[0] == "N-069"
    assert skus(picker.get(link(second, "Previous page")))[0] == "N-119"


def test_the_pages_of_a_search_keep_its_filters_and_order(picker: Client, stock: None) -> None:
    page = picker.get("/products?search=thing&source=nobody&sort=sku")
    following = link(page, "Next page")
    assert "search=thing&source=nobody&sort=sku&after=N-" in following
    assert len(set(skus(page)) | set(skus(picker.get(following)))) == 100


def test_a_page_that_has_emptied_leads_back_to_the_first(picker: Client, stock: None) -> None:
    page = picker.get("/products?after=1&search=zzz")
    assert "no products on this page any more" in text(page)
    assert link(page, "First page") == "/products?search=zzz"


# Filters


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=OEL", [f"N-{number:03}" for number in reversed(range(0, 120, 10))]),
        ("search=  thing   119 ", ["N-119"]),
        ("category=Tools", ["N-001", "N-000"]),
        ("category=Tools+%3E+Drills&source=model", ["N-001"]),
        ("category=Tools+%3E+Saws", []),
        ("source=import", ["N-002"]),
        ("uncategorized=false", ["N-002", "N-001", "N-000"]),
        ("sku=N-007", ["N-007"]),
        ("search=&category=&source=&sort=newest&sku=N-007", ["N-007"]),
    ],
)
def test_a_filter_finds_what_it_says(
    picker: Client, stock: None, query: str, expected: list[str]
) -> None:
    assert skus(picker.get(f"/products?{query}")) == expected


def test_each_filter_in_use_is_shown_and_can_be_removed(picker: Client, stock: None) -> None:
    page = picker.get("/products?search=öl&category=Tools&source=person&sort=sku")
    assert skus(page) == ["N-000"]
    assert link(page, "Words: öl") == "/products?category=Tools&source=person&sort=sku"
    assert "category" not in link(page, "In Tools")
    assert "source" not in link(page, "Category said by a person")
    assert link(page, "Remove all filters") == "/products"
    html = page.content.decode()
    assert 'value="öl"' in html
    assert '<option value="Tools" selected>' in html
    assert '<option value="person" selected>' in html
    assert '<option value="sku" selected>' in html


def test_a_filter_without_a_field_of_its_own_survives_the_next_search(
    picker: Client, stock: None
) -> None:
    page = picker.get("/products?uncategorized=true&sku=N-007")
    html = page.content.decode()
    assert '<input type="hidden" name="uncategorized" value="true">' in html
    assert '<input type="hidden" name="sku" value="N-007">' in html
    assert has_link(page, "Without a category")


def test_who_said_the_category_is_told_in_words(picker: Client, stock: None) -> None:
    words = text(picker.get("/products?uncategorized=false"))
    for phrase in ("Tools > Drills by a person", "Tools > Drills by a model", "Toys by an import"):
        assert phrase in words


def test_many_products_are_counted_up_to_a_bound(
    picker: Client, stock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "120 products" in text(picker.get("/products"))
    assert "12 products" in text(picker.get("/products?search=bohrmaschine"))
    assert "1 product" in text(picker.get("/products?search=119"))
    monkeypatch.setattr(listing, "MOST_COUNTED", 100)
    first = picker.get("/products")
    assert "More than 100 products" in text(first)
    # Counting again from the start for a later page would look at every product once more.
    assert " products" not in text(picker.get(link(first, "Next page")))


def test_a_tree_too_large_to_choose_from_is_offered_around_what_was_chosen(
    picker: Client, stock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered(query: str) -> list[str]:
        html = picker.get(f"/products?{query}").content.decode()
        found = re.search(r'<select id="category".*?</select>', html, re.S)
        assert found
        return re.findall(r'value="([^"]+)"', unescape(found[0]))

    assert offered("") == ["Tools", "Tools > Drills", "Tools > Saws", "Toys"]
    monkeypatch.setattr(listing, "MOST_CHOICES", 3)
    assert offered("") == ["Tools", "Toys"]
    assert offered("category=Tools") == ["Tools", "Tools > Drills", "Tools > Saws"]
    assert offered("category=Toys") == ["Tools", "Toys"]
    monkeypatch.setattr(listing, "MOST_CHOICES", 1)
    assert offered("category=Toys") == ["Tools", "Toys"]
    assert link(picker.get("/products"), "Look for a category in the tree") == "/categories"


# Nothing to show


def test_an_empty_catalogue_says_what_to_do_next(client: Client, carla: User, dora: User) -> None:
    client.force_login(carla)
    assert link(client.get("/products"), "Add the first one") == "/products/new"
    client.force_login(dora)
    page = client.get("/products")
    assert "Ask somebody who may add products" in text(page)
    assert not has_link(page, "Add the first one")


def test_a_search_that_finds_nothing_says_what_to_do_next(picker: Client, stock: None) -> None:
    page = picker.get("/products?search=hammer")
    assert "No product fits. Look for fewer or shorter words" in text(page)
    assert link(page, "Show all products") == "/products"


# Odd input


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("search=%00", "“search”: Null characters are not allowed."),
        ("search=" + "x" * 10_000, "“search”: Ensure this field has no more than 200"),
        ("category=Nothing", "There is no category “Nothing”."),
        ("category=" + "x" * 1001, "“category”: Ensure"),
        ("source=somebody", "“source”: "),
        ("sort=price", "“sort”: "),
        ("uncategorized=perhaps", "“uncategorized”: "),
        ("after=x", "“after”: Take this from the links"),
        ("after=-1", "“after”: "),
        ("after=" + "9" * 19, "“after”: "),
        ("after=" + "9" * 5000, "“after”: "),
        ("after=%D9%A3", "“after”: "),
        ("before=x", "“before”: "),
        ("sort=sku&after=%00", "“after”: "),
        ("after=1&before=2", "“before”: Give one of"),
        ("colour=red", "“colour”: There is no such parameter."),
        ("search=a&search=b", "“search”: Give this parameter once."),
        ("<script>=1", "“<script>”: There is no such parameter."),
    ],
)
def test_an_address_that_makes_no_sense_is_explained(
    picker: Client, stock: None, query: str, sentence: str
) -> None:
    page = picker.get(f"/products?{query}")
    assert page.status_code == 400
    assert sentence in text(page)
    assert "<script>" not in page.content.decode()


@pytest.mark.parametrize(
    "words",
    [
        "😀",
        "%",
        "_",
        "\\",
        "%_\\%",
        "' OR 1=1 --",
        "<b>&amp;",
        "\u200b",
        "a\u0300" * 60,
        "x" * 200,
        " ".join("abcdefghijklmnopqrstuvwxyz0123456789") * 2,
        "\u202eRTL",
        "ﷺ" * 11,
        "{{ 7|add:1 }}",
    ],
)
def test_odd_words_are_looked_for_and_shown_as_they_are(
    picker: Client, stock: None, words: str
) -> None:
    page = picker.get(f"/products?search={quote(words)}")
    assert page.status_code == 200
    assert has_link(page, f"Words: {normalize('NFC', words)[:40].strip()}")
    assert "<b>" not in page.content.decode()


def test_a_name_with_markup_is_text(picker: Client, admin: User) -> None:
    fields: Any = {"sku": "<i>1", "name": "<script>alert(1)</script>", "brand": '"><b>'}
    actions.create_product(fields=fields, by=admin, now=clock.now())
    html = picker.get("/products").content.decode()
    assert "<script>alert" not in html
    assert "<i>" not in html
    assert "<b>" not in html


# Who, and at what price


@pytest.mark.parametrize(
    ("role", "may_add"),
    [
        ("picker", True),
        ("reviewer", True),
        ("administrator", True),
        ("data_scientist", False),
        ("approver", False),
        ("auditor", False),
    ],
)
def test_every_role_sees_the_list_and_some_a_way_to_add(
    client: Client, roles: None, role: str, may_add: bool
) -> None:
    client.force_login(member("somebody", role))
    page = client.get("/products")
    assert page.status_code == 200
    assert has_link(page, "New product") is may_add
    assert client.post("/products").status_code == 405


def test_a_stranger_signs_in_first_and_a_person_without_a_role_is_refused(
    client: Client, db: None
) -> None:
    answer = client.get("/products?search=x")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/products%3Fsearch%3Dx")
    client.force_login(User.objects.create_user("nobody"))
    assert client.get("/products").status_code == 403


@pytest.mark.parametrize("address", ["/products", "/products?search=thing&sort=sku", "/categories"])
def test_nothing_on_the_pages_is_inline_or_from_elsewhere(
    picker: Client, stock: None, address: str
) -> None:
    html = picker.get(address).content.decode()
    assert "<style" not in html
    assert "<script" not in html
    assert not re.search(r"\s(on\w+|style)=", html)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", html)


def test_no_cache_keeps_the_list(picker: Client) -> None:
    assert "no-store" in picker.get("/products")["Cache-Control"]


@pytest.mark.parametrize("query", ["", "sort=sku", "search=no&category=Tools", "after=99999"])
def test_a_long_list_takes_as_many_queries_as_a_short_one(
    picker: Client, stock: None, query: str
) -> None:
    picker.get("/products")  # the session is written once

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert picker.get(f"/products?{query}").status_code == 200
        return len(asked)

    before = queries()
    now = clock.now()
    tools = Category.objects.get(path="Tools")
    Product.objects.bulk_create(
        Product(
            sku=f"Q-{i}", name="q", search_text="no", category=tools, category_source="import",
            created_at=now, updated_at=now,
        )
        for i in range(1500)
    )  # fmt: skip
    # The session, who it is, what they may; then the categories, the products, their number.
    assert before <= queries() <= 7
