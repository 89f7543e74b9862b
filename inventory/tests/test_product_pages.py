"""The pages of one product: who sees them, and what stands in them before any script runs."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from inventory import actions
from inventory.models import Product
from lib import islands

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every island have its files, whether the frontend is built or not."""
    files = {
        f"src/islands/{name}/index.tsx": {"file": f"{name}-aaaaaaaa.js"}
        for name in ("prediction", "product-form")
    }
    monkeypatch.setattr(islands, "_modified", lambda: 0)
    monkeypatch.setattr(islands, "_manifest", lambda modified: files)


@pytest.fixture
def drill(admin: User) -> Product:
    actions.create_category(name="Tools", parent=None, by=admin, now=NOW)
    return actions.create_product(
        fields={
            "sku": "D-18",
            "gtin": 4006381333931,
            "name": "Cordless drill <18 V>",
            "description": "With two batteries.\nAnd a case.",
            "brand": "Korvand",
            "width_mm": 1210,
            "weight_g": 1600,
            "price": Decimal("89.9"),
        },
        category="Tools",
        by=admin,
        now=NOW,
    )


def text(answer: Any) -> str:
    stripped = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", html.unescape(stripped))


def properties(answer: Any, island: str) -> dict[str, Any]:
    """Return what the page gives to its island."""
    found = re.search(rf'data-island="{island}" data-properties="([^"]*)"', answer.content.decode())
    assert found is not None
    given: dict[str, Any] = json.loads(html.unescape(found[1]))
    return given


def test_the_facts_are_there_before_any_script_runs(
    client: Client, carla: User, drill: Product
) -> None:
    client.force_login(carla)
    page = text(client.get(f"/products/{drill.pk}"))
    for fact in (
        "Cordless drill <18 V>",
        "Category Tools",
        "Filed by a person",
        "SKU D-18",
        "GTIN 4006381333931",
        "Brand Korvand",
        "Width 1,210 mm",
        "Height not known",
        "Weight 1,600 g",
        "Price 89.90",
        "Version 1",
        "Changed 20 Nov 2026, 08:15 UTC",
        "With two batteries. And a case.",
    ):
        assert fact in page


def test_a_product_that_nobody_filed_says_so(client: Client, carla: User) -> None:
    product = actions.create_product(fields={"sku": "X", "name": "Thing"}, by=carla, now=NOW)
    client.force_login(carla)
    page = client.get(f"/products/{product.pk}")
    assert "Category Nobody has said yet. Filed by nobody" in text(page)
    assert properties(page, "prediction")["category"] == ""


@pytest.mark.parametrize(
    ("who", "ask", "review"),
    [("carla", True, True), ("rita", True, True), ("alice", True, False), ("dora", False, False)],
)
def test_the_island_knows_what_its_reader_may_do(
    client: Client,
    drill: Product,
    request: pytest.FixtureRequest,
    who: str,
    ask: bool,
    review: bool,
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert properties(client.get(f"/products/{drill.pk}"), "prediction") == {
        "productId": drill.pk,
        "category": "Tools",
        "mayAsk": ask,
        "mayRead": True,
        "mayReview": review,
    }


def test_the_way_to_change_it_is_shown_to_who_may(
    client: Client, carla: User, dora: User, drill: Product
) -> None:
    client.force_login(carla)
    assert (
        f'href="/products/{drill.pk}/edit"' in client.get(f"/products/{drill.pk}").content.decode()
    )
    client.force_login(dora)
    page = client.get(f"/products/{drill.pk}").content.decode()
    assert f'href="/products/{drill.pk}/edit"' not in page


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/products/{}", {"carla", "rita", "alice", "bob", "dora", "admin"}),
        ("/products/{}/edit", {"carla", "rita", "admin"}),
        ("/products/new", {"carla", "rita", "admin"}),
    ],
)
def test_who_sees_which_page(
    client: Client,
    drill: Product,
    request: pytest.FixtureRequest,
    address: str,
    allowed: set[str],
) -> None:
    address = address.format(drill.pk)
    assert client.get(address)["Location"] == f"/sign-in?next={address}"
    for who in ("carla", "rita", "alice", "bob", "dora", "admin"):
        client.force_login(request.getfixturevalue(who))
        assert client.get(address).status_code == (200 if who in allowed else 403), who


def test_a_product_that_was_deleted_is_not_found(
    client: Client, admin: User, drill: Product
) -> None:
    actions.delete_product(product_id=drill.pk, by=admin, now=NOW)
    client.force_login(admin)
    for address in (f"/products/{drill.pk}", f"/products/{drill.pk}/edit", "/products/999999"):
        assert client.get(address).status_code == 404


def test_the_form_starts_from_what_is_stored(client: Client, carla: User, drill: Product) -> None:
    client.force_login(carla)
    given = properties(client.get(f"/products/{drill.pk}/edit"), "product-form")
    stored = given["stored"]
    assert (stored["gtin"], stored["price"], stored["category"]) == (
        "4006381333931",
        "89.90",
        "Tools",
    )
    assert stored["version"] == 1
    assert given["userId"] == carla.pk
    assert given["mayReview"] is True


def test_a_new_form_starts_from_nothing(client: Client, carla: User) -> None:
    client.force_login(carla)
    given = properties(client.get("/products/new"), "product-form")
    assert given["stored"] is None
    assert given["mayAsk"] is True


# Who is signed in takes one query for the session and one for the person, what they may do two
# more; the product comes with its category in one.
@pytest.mark.parametrize(
    ("address", "queries"), [("/products/{}", 5), ("/products/{}/edit", 5), ("/products/new", 4)]
)
def test_a_page_takes_as_many_queries_as_it_should(
    client: Client,
    carla: User,
    drill: Product,
    address: str,
    queries: int,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    client.force_login(carla)
    with django_assert_num_queries(queries):
        client.get(address.format(drill.pk))


def test_nothing_in_the_pages_is_inline(client: Client, carla: User, drill: Product) -> None:
    client.force_login(carla)
    for address in (f"/products/{drill.pk}", f"/products/{drill.pk}/edit", "/products/new"):
        page = client.get(address).content.decode()
        assert "<style" not in page
        assert not re.search(r"\s(on\w+|style)=", page)
