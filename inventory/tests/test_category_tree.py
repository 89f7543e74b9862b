"""The page with the category tree, as people read it."""

from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from conftest import member
from inventory import actions, tree
from inventory.models import Category, Product
from inventory.tests.reading import has_link, link, links, text
from lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def picker(client: Client, carla: User) -> Client:
    client.force_login(carla)
    return client


@pytest.fixture
def plants(roles: None) -> None:
    now = clock.now()
    places = actions.ensure_categories(
        paths={"Tools > Drills > Cordless", "Tools > Saws", "Möbel & Co", "Toys"}, by=None, now=now
    )
    for path, number in (("Tools", 1), ("Tools > Drills", 2), ("Tools > Drills > Cordless", 3)):
        Product.objects.bulk_create(
            Product(
                sku=f"{path} {i}",
                name="x",
                category=places[path],
                category_source="import",
                deleted_at=now if i == 0 else None,
                created_at=now,
                updated_at=now,
            )
            for i in range(number + 1)
        )


def test_each_category_says_how_many_products_it_has_and_leads_to_them(
    picker: Client, plants: None
) -> None:
    page = picker.get("/categories")
    words = text(page)
    assert "Tools 6 products, 1 of them right here" in words
    assert "Drills 5 products, 2 of them right here" in words
    assert "Cordless 3 products" in words
    assert "Saws no products" in words
    listed = picker.get(link(page, "Drills"))
    assert "5 products" in text(listed)
    assert picker.get(link(page, "Möbel & Co")).status_code == 200


def test_the_tree_says_which_version_it_is_and_since_when(picker: Client, plants: None) -> None:
    assert "Version 1 of the tree, since" in text(picker.get("/categories"))


def test_branches_stand_below_what_they_belong_to(picker: Client, plants: None) -> None:
    # A branch whose name is the beginning of its sister's is not its parent.
    actions.ensure_categories(paths={"Tools!", "Tools > Saws > Hand"}, by=None, now=clock.now())
    page = unescape(picker.get("/categories").content.decode())
    names = ("Möbel & Co", "Tools", "Drills", "Cordless", "Saws", "Hand", "Tools!", "Toys")
    order = [page.index(f">{name}</a>") for name in names]
    assert order == sorted(order)


def test_a_small_tree_is_open_and_a_larger_one_is_folded(
    picker: Client, plants: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert picker.get("/categories").content.decode().count("<details open>") == 2
    monkeypatch.setattr(tree, "MOST_OPEN", 3)
    page = picker.get("/categories").content.decode()
    assert "<details open>" not in page
    assert page.count("<details>") == 2


def test_what_is_too_much_for_a_page_is_a_page_away(
    picker: Client, plants: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MOST_SHOWN", 4)
    top = picker.get("/categories")
    assert "Drills" not in text(top)
    below = picker.get("/categories" + link(top, "2 below Tools"))
    assert has_link(below, "Drills")
    assert not has_link(below, "Toys")
    assert "6 products, 1 of them right here" in text(below)
    deepest = picker.get("/categories?within=Tools > Drills > Cordless")
    assert "Nothing lies below Cordless" in text(deepest)
    assert picker.get("/categories" + link(deepest, "Drills")).status_code == 200
    assert link(deepest, "All categories") == "/categories"


def test_categories_beyond_the_bound_are_announced_and_can_be_searched(
    picker: Client, plants: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MOST_SHOWN", 2)
    assert "1 more are not shown. Search" in text(picker.get("/categories"))
    assert has_link(picker.get("/categories?search=toys"), "Toys")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("MOBEL", ["Möbel & Co"]),
        ("moebel co", ["Möbel & Co"]),
        ("saws tools", ["Tools > Saws"]),
        ("cordless", ["Tools > Drills > Cordless"]),
        ("hammer", []),
        ("%", []),
        ("😀", []),
    ],
)
def test_a_search_finds_categories_with_their_whole_path(
    picker: Client, plants: None, words: str, expected: list[str]
) -> None:
    page = picker.get("/categories", {"search": words})
    paths = [label for label, address in links(page).items() if "?category=" in address]
    assert paths == expected
    if not expected:
        assert "No category fits. Look for fewer or shorter words." in text(page)


def test_an_empty_tree_says_where_categories_come_from(picker: Client) -> None:
    page = picker.get("/categories")
    assert "There are no categories yet." in text(page)
    assert "Version" not in text(page)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("within=Nothing", "There is no category “Nothing”."),
        ("within=tools", "There is no category “tools”."),
        ("within=%00", "“within”: Null"),
        ("search=%00", "“search”: Null"),
        ("search=" + "x" * 10_000, "“search”: Ensure"),
        ("within=" + "x" * 1001, "“within”: Ensure"),
        ("page=2", "“page”: There is no such parameter."),
    ],
)
def test_an_address_that_makes_no_sense_is_explained(
    picker: Client, plants: None, query: str, sentence: str
) -> None:
    page = picker.get(f"/categories?{query}")
    assert page.status_code == 400
    assert sentence in text(page)


@pytest.mark.parametrize(
    "role", ["picker", "reviewer", "data_scientist", "approver", "auditor", "administrator"]
)
def test_every_role_sees_the_tree(client: Client, plants: None, role: str) -> None:
    client.force_login(member("somebody", role))
    assert client.get("/categories").status_code == 200
    assert client.post("/categories").status_code == 405


def test_a_stranger_signs_in_first_and_a_person_without_a_role_is_refused(
    client: Client, db: None
) -> None:
    answer: Any = client.get("/categories")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=/categories")
    client.force_login(User.objects.create_user("nobody"))
    assert client.get("/categories").status_code == 403


@pytest.mark.parametrize("query", ["", "search=kind", "within=Tools"])
def test_five_thousand_categories_take_as_many_queries_as_five(
    picker: Client, plants: None, query: str
) -> None:
    picker.get("/categories")

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page = picker.get(f"/categories?{query}")
        assert page.status_code == 200
        assert len(page.content) < 400_000
        return len(asked)

    few = queries()
    now = clock.now()
    top = Category.objects.get(path="Tools")
    Category.objects.bulk_create(
        Category(
            parent=top, name=f"Kind {i}", path=f"Tools > Kind {i}", search_text=f"tools kind {i}",
            created_at=now, updated_at=now,
        )
        for i in range(5000)
    )  # fmt: skip
    # The session, who it is, what they may; then the products, the categories, the version.
    assert queries() == few <= 8
