import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from inventory import actions
from inventory.models import Category, Product, Taxonomy
from ledger.models import Entry
from lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def post(client: Client, name: object, parent: object = None) -> Any:
    return client.post(
        "/api/v1/categories", {"name": name, "parent": parent}, content_type="application/json"
    )


def patch(client: Client, id: int, **fields: object) -> Any:
    return client.patch(f"/api/v1/categories/{id}", fields, content_type="application/json")


@pytest.fixture
def tree(ada: Client) -> dict[str, int]:
    post(ada, "Tools")
    post(ada, "Power tools", "Tools")
    post(ada, "Drills", "Tools > Power tools")
    post(ada, "Garden")
    post(ada, "Toolshed")
    return dict(Category.objects.values_list("path", "id"))


def test_a_category_has_the_path_of_those_above_it(ada: Client, tree: dict[str, int]) -> None:
    read = ada.get(f"/api/v1/categories/{tree['Tools > Power tools > Drills']}").json()
    assert read["name"] == "Drills"
    assert read["path"] == "Tools > Power tools > Drills"
    assert read["parent"] == "Tools > Power tools"
    assert read["parent_id"] == tree["Tools > Power tools"]


def test_categories_are_listed_by_path_page_by_page(ada: Client, tree: dict[str, int]) -> None:
    found, address = [], "/api/v1/categories?limit=2"
    while address:
        page = ada.get(address).json()
        found += [category["path"] for category in page["results"]]
        address = page["next"]
    assert found == sorted(tree)


def test_every_change_raises_the_taxonomy_version_once(ada: Client, tree: dict[str, int]) -> None:
    assert ada.get("/api/v1/categories").json()["taxonomy_version"] == 5
    patch(ada, tree["Tools"], name="Tooling")
    assert Taxonomy.current_version() == 6
    patch(ada, tree["Tools"], name="Tooling")
    assert Taxonomy.current_version() == 6
    ada.delete(f"/api/v1/categories/{tree['Garden']}")
    assert Taxonomy.current_version() == 7


def test_the_same_tree_has_the_same_digest_however_it_came_about(
    ada: Client, tree: dict[str, int]
) -> None:
    before = Taxonomy.objects.get().sha256
    patch(ada, tree["Tools"], name="Tooling")
    assert Taxonomy.objects.get().sha256 != before
    patch(ada, tree["Tools"], name="Tools")
    assert Taxonomy.objects.get().sha256 == before


def test_a_new_name_changes_the_paths_below_and_no_others(
    ada: Client, tree: dict[str, int]
) -> None:
    assert patch(ada, tree["Tools"], name="Tooling").status_code == 200
    assert set(Category.objects.values_list("path", flat=True)) == {
        "Tooling",
        "Tooling > Power tools",
        "Tooling > Power tools > Drills",
        "Garden",
        "Toolshed",
    }


def test_a_branch_moves_with_all_its_leaves(ada: Client, tree: dict[str, int]) -> None:
    assert patch(ada, tree["Tools > Power tools"], parent="Garden").status_code == 200
    assert Category.objects.get(pk=tree["Tools > Power tools > Drills"]).path == (
        "Garden > Power tools > Drills"
    )
    assert patch(ada, tree["Tools > Power tools"], parent=None).json()["path"] == "Power tools"


@pytest.mark.parametrize("below", ["Tools", "Tools > Power tools", "Tools > Power tools > Drills"])
def test_a_branch_does_not_move_below_itself(ada: Client, tree: dict[str, int], below: str) -> None:
    answer = patch(ada, tree["Tools"], parent=below)
    assert answer.status_code == 409
    assert Category.objects.get(pk=tree["Tools"]).path == "Tools"


def test_a_path_is_there_once(ada: Client, tree: dict[str, int]) -> None:
    assert post(ada, "Tools").status_code == 409
    assert patch(ada, tree["Garden"], name="Tools").status_code == 409
    assert Category.objects.get(pk=tree["Garden"]).path == "Garden"


def test_a_tree_does_not_grow_deeper_than_twelve_levels(ada: Client) -> None:
    parent = None
    for level in range(12):
        answer = post(ada, f"L{level}", parent)
        assert answer.status_code == 201
        parent = answer.json()["path"]
    assert post(ada, "L12", parent).status_code == 409


@pytest.mark.parametrize(
    ("name", "parent"),
    [
        ("", None),
        ("a > b", None),
        ("> b", None),
        ("b >", None),
        ("a\nb", None),
        ("x" * 201, None),
        (7, None),
        ("a", "nowhere"),
        ("a", 7),
        ("a", ""),
    ],
)
def test_a_name_or_parent_that_does_not_fit_is_refused(
    ada: Client, name: object, parent: object
) -> None:
    answer = post(ada, name, parent)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not Category.objects.exists()


def test_a_category_with_something_below_it_is_not_deleted(
    ada: Client, tree: dict[str, int]
) -> None:
    answer = ada.delete(f"/api/v1/categories/{tree['Tools']}")
    assert answer.status_code == 409
    assert Category.objects.filter(pk=tree["Tools"]).exists()


def test_a_category_with_products_is_not_deleted(
    ada: Client, admin: User, tree: dict[str, int]
) -> None:
    product = actions.create_product(
        fields={"sku": "A", "name": "a"}, category="Garden", by=admin, now=clock.now()
    )
    address = f"/api/v1/categories/{tree['Garden']}"
    assert ada.delete(address).status_code == 409
    actions.delete_product(product_id=product.pk, by=admin, now=clock.now())
    assert ada.delete(address).status_code == 204
    assert Product.objects.get().category is None


def test_a_change_to_a_version_that_is_no_longer_there_is_refused(
    ada: Client, tree: dict[str, int]
) -> None:
    patch(ada, tree["Tools"], name="Tooling")
    answer = patch(ada, tree["Tools > Power tools"], name="Drives", version=1)
    assert answer.status_code == 409
    assert answer.json()["current_version"] == 2


def test_only_who_keeps_the_catalogue_changes_the_tree(
    ada: Client, tree: dict[str, int], rita: User
) -> None:
    client = Client()
    client.force_login(rita)
    assert client.get("/api/v1/categories").status_code == 200
    assert post(client, "New").status_code == 403
    assert patch(client, tree["Tools"], name="x").status_code == 403
    assert client.delete(f"/api/v1/categories/{tree['Garden']}").status_code == 403


def test_changes_of_the_tree_are_recorded_with_its_version(
    ada: Client, tree: dict[str, int]
) -> None:
    patch(ada, tree["Tools"], name="Tooling")
    ada.delete(f"/api/v1/categories/{tree['Garden']}")
    entries = Entry.objects.filter(kind__startswith="category.").order_by("id")
    last = [json.loads(entry.content()) for entry in entries][-2:]
    assert [(entry["kind"], entry["details"]["taxonomy_version"]) for entry in last] == [
        ("category.updated", 6),
        ("category.deleted", 7),
    ]
    assert last[0]["details"]["before"] == "Tools"
    assert last[0]["details"]["after"] == "Tooling"
    assert last[0]["details"]["moved_below"] == 2
    assert last[1]["details"]["taxonomy_sha256"] == Taxonomy.objects.get().sha256
