import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from inventory import actions
from inventory.api import ProductOutput
from inventory.models import Category, Product
from ledger.commitments import commitment
from ledger.models import Entry
from ledger.openings import opened
from lib import clock

pytestmark = pytest.mark.django_db

DRILL = {
    "sku": "D-18",
    "gtin": "4006381333931",
    "name": "Cordless drill 18 V",
    "description": "With two batteries.",
    "brand": "Nordwerk",
    "width_mm": 210,
    "height_mm": 240,
    "depth_mm": 85,
    "weight_g": 1900,
    "price": "129.90",
    "category": "Tools > Drills",
}


@pytest.fixture
def ada(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture(autouse=True)
def drills(admin: User) -> Category:
    now = clock.now()
    actions.create_category(name="Tools", parent=None, by=admin, now=now)
    return actions.create_category(name="Drills", parent="Tools", by=admin, now=now)


def post(client: Client, **fields: object) -> Any:
    return client.post("/api/v1/products", fields, content_type="application/json")


def patch(client: Client, id: int, **fields: object) -> Any:
    return client.patch(f"/api/v1/products/{id}", fields, content_type="application/json")


def details(kind: str) -> Any:
    return json.loads(Entry.objects.filter(kind=kind).latest("id").content())["details"]


def private(kind: str) -> Any:
    """Return what the ledger keeps apart from the newest entry of this kind."""
    entry = Entry.objects.filter(kind=kind).latest("id")
    part = opened(entry.uuid)["details"]
    assert json.loads(entry.content())["private"] == commitment(part.salt, part.data)
    return part.value


def pages(client: Client, address: str) -> Iterator[list[str]]:
    next_address: str | None = address
    while next_address:
        answer = client.get(next_address).json()
        yield [product["sku"] for product in answer["results"]]
        next_address = answer["next"]


# One product


def test_a_product_comes_back_as_it_was_sent(ada: Client) -> None:
    made = post(ada, **DRILL)
    assert made.status_code == 201
    read = ada.get(made["Location"])
    assert read.json() == made.json()
    assert DRILL.items() <= read.json().items()
    assert read.json()["category_source"] == "person"
    assert read.json()["version"] == 1


def test_a_product_needs_a_sku_and_a_name_and_nothing_else(ada: Client) -> None:
    made = post(ada, sku="A", name="Thing").json()
    assert made["description"] == made["brand"] == made["category_source"] == ""
    for field in ("gtin", "width_mm", "weight_g", "price", "category", "category_id"):
        assert made[field] is None


@pytest.mark.parametrize("price", [12.9, "12.9", "12.90"])
def test_a_price_is_exact_however_it_is_written(ada: Client, price: object) -> None:
    assert post(ada, sku="A", name="Thing", price=price).json()["price"] == "12.90"


def test_what_is_not_mentioned_stays(ada: Client) -> None:
    id = post(ada, **DRILL).json()["id"]
    changed = patch(ada, id, weight_g=2000).json()
    expected = {**DRILL, "weight_g": 2000, "version": 2}
    assert expected.items() <= changed.items()


def test_what_is_not_mentioned_in_a_replacement_is_cleared(ada: Client) -> None:
    id = post(ada, **DRILL).json()["id"]
    answer = ada.put(
        f"/api/v1/products/{id}", {"sku": "D-19", "name": "Drill"}, content_type="application/json"
    )
    assert answer.status_code == 200
    cleared = {"sku": "D-19", "brand": "", "gtin": None, "price": None, "category": None}
    assert cleared.items() <= answer.json().items()


def test_a_change_that_changes_nothing_leaves_no_trace(ada: Client) -> None:
    id = post(ada, **DRILL).json()["id"]
    before = Entry.objects.count()
    assert patch(ada, id, **DRILL).json()["version"] == 1
    assert Entry.objects.count() == before


def test_a_sku_belongs_to_one_product(ada: Client) -> None:
    post(ada, **DRILL)
    id = post(ada, sku="B", name="Saw").json()["id"]
    for answer in (post(ada, **DRILL), patch(ada, id, sku="D-18")):
        assert answer.status_code == 409
        assert "D-18" in answer.json()["detail"]


def test_an_unknown_category_is_named(ada: Client) -> None:
    for answer in (
        post(ada, **{**DRILL, "category": "Garden"}),
        patch(ada, post(ada, **DRILL).json()["id"], category="Garden"),
    ):
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/category"
        assert "Garden" in answer.json()["detail"]


# Two people at once


@pytest.mark.parametrize("how", ["If-Match", "body"])
def test_a_change_to_a_version_that_is_no_longer_there_is_refused(ada: Client, how: str) -> None:
    id = post(ada, **DRILL).json()["id"]
    patch(ada, id, weight_g=2000)
    late: dict[str, Any] = {"path": f"/api/v1/products/{id}", "content_type": "application/json"}
    if how == "If-Match":
        answer = ada.patch(**late, data={"weight_g": 1}, headers={"If-Match": '"1"'})
    else:
        answer = ada.patch(**late, data={"weight_g": 1, "version": 1})
    assert answer.status_code == 409
    assert answer.json()["code"] == "stale"
    assert answer.json()["current_version"] == 2
    assert Product.objects.get().weight_g == 2000


def test_a_change_to_the_version_that_was_read_goes_through(ada: Client) -> None:
    made = post(ada, **DRILL)
    answer = ada.patch(
        made["Location"],
        {"weight_g": 1},
        content_type="application/json",
        headers={"If-Match": made["ETag"]},
    )
    assert answer.status_code == 200
    assert answer["ETag"] == '"2"'


@pytest.mark.parametrize("header", ["x", '"0"', "-1", '"1", "2"', "1.5", '"99999999999999999999"'])
def test_an_if_match_that_is_no_version_is_refused(ada: Client, header: str) -> None:
    made = post(ada, **DRILL)
    answer = ada.delete(made["Location"], headers={"If-Match": header})
    assert answer.status_code == 400
    assert ada.get(made["Location"]).status_code == 200


def test_a_header_and_a_body_that_contradict_each_other_are_refused(ada: Client) -> None:
    made = post(ada, **DRILL)
    answer = ada.patch(
        made["Location"],
        {"version": 2},
        content_type="application/json",
        headers={"If-Match": '"1"'},
    )
    assert answer.status_code == 400


# Deleting


def test_a_deleted_product_is_gone_but_its_row_stays(ada: Client) -> None:
    made = post(ada, **DRILL)
    assert ada.delete(made["Location"], headers={"If-Match": '"1"'}).status_code == 204
    assert ada.get(made["Location"]).status_code == 404
    assert ada.delete(made["Location"]).status_code == 404
    assert patch(ada, made.json()["id"], name="x").status_code == 404
    assert ada.get("/api/v1/products").json()["results"] == []
    assert Product.objects.get().deleted_at is not None


def test_the_sku_of_a_deleted_product_is_free_again(ada: Client) -> None:
    ada.delete(post(ada, **DRILL)["Location"])
    assert post(ada, **DRILL).status_code == 201


def test_deleting_a_version_that_is_no_longer_there_is_refused(ada: Client) -> None:
    made = post(ada, **DRILL)
    patch(ada, made.json()["id"], weight_g=2000)
    assert ada.delete(made["Location"], headers={"If-Match": '"1"'}).status_code == 409


# The category alone


def test_a_picker_may_categorize_and_not_delete(client: Client, ada: Client, carla: User) -> None:
    made = post(ada, sku="A", name="Thing")
    client.force_login(carla)
    answer = client.put(
        f"{made['Location']}/category",
        {"category": "Tools > Drills", "version": 1},
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert answer.json()["category"] == "Tools > Drills"
    assert answer.json()["category_source"] == "person"
    assert client.delete(made["Location"]).status_code == 403


def test_a_category_can_be_taken_back(ada: Client) -> None:
    made = post(ada, **DRILL)
    answer = ada.put(
        f"{made['Location']}/category", {"category": None}, content_type="application/json"
    )
    assert answer.json()["category"] is None
    assert answer.json()["category_source"] == ""


def test_a_category_has_to_be_said(ada: Client) -> None:
    made = post(ada, **DRILL)
    answer = ada.put(f"{made['Location']}/category", {}, content_type="application/json")
    assert answer.status_code == 400


def test_a_person_who_agrees_with_the_model_makes_the_category_theirs(
    ada: Client, admin: User
) -> None:
    id = post(ada, sku="A", name="Thing").json()["id"]
    actions.categorize(
        product_id=id, category="Tools > Drills", source="model", by=admin, now=clock.now()
    )
    answer = ada.put(
        f"/api/v1/products/{id}/category",
        {"category": "Tools > Drills"},
        content_type="application/json",
    )
    assert answer.json()["category_source"] == "person"
    assert details("product.categorized")["source"] == "person"


# Who may do what


@pytest.mark.parametrize(
    ("role", "reads", "adds", "changes", "deletes", "categorizes"),
    [
        ("carla", True, True, True, False, True),
        ("rita", True, True, True, False, True),
        ("alice", True, False, False, False, False),
        ("bob", True, False, False, False, False),
        ("dora", True, False, False, False, False),
        ("admin", True, True, True, True, True),
    ],
)
def test_each_role_does_what_it_may_and_no_more(
    request: pytest.FixtureRequest,
    admin: User,
    role: str,
    reads: bool,
    adds: bool,
    changes: bool,
    deletes: bool,
    categorizes: bool,
) -> None:
    product = actions.create_product(fields={"sku": "X", "name": "x"}, by=admin, now=clock.now())
    address = f"/api/v1/products/{product.pk}"
    client = Client()
    client.force_login(request.getfixturevalue(role))
    as_json: Any = {"content_type": "application/json"}

    def allowed(answer: Any) -> bool:
        assert answer.status_code in (200, 201, 204, 403)
        return bool(answer.status_code != 403)

    assert allowed(client.get("/api/v1/products")) is reads
    assert allowed(client.get(address)) is reads
    assert allowed(post(client, sku="Y", name="y")) is adds
    assert allowed(client.patch(address, {"name": "z"}, **as_json)) is changes
    assert allowed(client.put(address, {"sku": "X", "name": "z"}, **as_json)) is changes
    assert allowed(client.put(f"{address}/category", {"category": None}, **as_json)) is categorizes
    assert allowed(client.delete(address)) is deletes


# Many products


@pytest.fixture
def twelve(admin: User) -> list[str]:
    for number in range(12):
        actions.create_product(
            fields={
                "sku": f"N-{number}",
                "name": f"{'Saw' if number % 3 else 'Drill'} no {number}",
                "brand": "Säge & Co" if number % 2 else "",
            },
            category="Tools > Drills" if number % 3 == 0 else None,
            by=admin,
            now=clock.now(),
        )
    return [f"N-{number}" for number in range(12)]


def test_pages_show_every_product_once_in_order(ada: Client, twelve: list[str]) -> None:
    found = list(pages(ada, "/api/v1/products?limit=5"))
    assert [len(page) for page in found] == [5, 5, 2]
    assert list(chain(*found)) == twelve


def test_a_product_added_between_two_pages_moves_nothing(ada: Client, twelve: list[str]) -> None:
    walk = pages(ada, "/api/v1/products?limit=5")
    seen = next(walk)
    post(ada, **DRILL)
    Product.objects.filter(sku="N-0").update(deleted_at=clock.now())
    assert [*seen, *chain(*walk)] == [*twelve, "D-18"]


def test_the_next_page_keeps_the_filters(ada: Client, twelve: list[str]) -> None:
    address = "/api/v1/products?limit=2&search=S%C3%A4ge%20%26&category=Tools"
    assert list(chain(*pages(ada, address))) == ["N-3", "N-9"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=drill", ["N-0", "N-3", "N-6", "N-9"]),
        ("search=drill 6", ["N-6"]),
        ("search=n-1", ["N-1", "N-10", "N-11"]),
        ("search=%25", []),
        ("search=_", []),
        ("sku=N-7", ["N-7"]),
        ("category=Tools", ["N-0", "N-3", "N-6", "N-9"]),
        ("category=Tools > Drills", ["N-0", "N-3", "N-6", "N-9"]),
        ("category=Tool", []),
        ("uncategorized=true&limit=3", ["N-1", "N-2", "N-4"]),
        ("uncategorized=false", ["N-0", "N-3", "N-6", "N-9"]),
        ("source=person", ["N-0", "N-3", "N-6", "N-9"]),
        ("source=model", []),
        ("source=nobody&limit=3", ["N-1", "N-2", "N-4"]),
        ("search=saege&source=person", ["N-3", "N-9"]),
    ],
)
def test_filters_find_what_they_say(
    ada: Client, twelve: list[str], query: str, expected: list[str]
) -> None:
    assert [p["sku"] for p in ada.get(f"/api/v1/products?{query}").json()["results"]] == expected


def test_a_product_is_found_by_its_gtin(ada: Client, twelve: list[str]) -> None:
    post(ada, **DRILL)
    found = ada.get("/api/v1/products?search=4006381333931").json()["results"]
    assert [product["sku"] for product in found] == ["D-18"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("after=-1", "after"),
        ("after=9223372036854775808", "after"),
        ("after=" + "9" * 5000, "after"),
        ("uncategorized=perhaps", "uncategorized"),
        ("source=", "source"),
        ("source=somebody", "source"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("search=%00", "search"),
        ("search=" + "x" * 201, "search"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(ada: Client, query: str, parameter: str) -> None:
    answer = ada.get(f"/api/v1/products?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["parameter"] == parameter


def test_a_list_of_many_takes_as_many_queries_as_a_list_of_one(
    ada: Client, twelve: list[str]
) -> None:
    with CaptureQueriesContext(connection) as one:
        ada.get("/api/v1/products?limit=1")
    Product.objects.bulk_create(
        Product(sku=f"M-{i}", name="Many", created_at=clock.now(), updated_at=clock.now())
        for i in range(30_000)
    )
    with CaptureQueriesContext(connection) as many:
        answer = ada.get("/api/v1/products?limit=200")
    assert len(answer.json()["results"]) == 200
    assert len(many) == len(one)
    selects = [query for query in many.captured_queries if "inventory_product" in query["sql"]]
    assert len(selects) == 1


@pytest.mark.parametrize("id", ["9" * 19, "9" * 30, "9" * 5000, "0"])
def test_an_id_no_product_can_have_is_not_found(ada: Client, id: str) -> None:
    answer = ada.get(f"/api/v1/products/{id}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


# What is written down


def test_every_write_is_recorded_by_who_did_it(ada: Client, admin: User) -> None:
    made = post(ada, **DRILL)
    id = made.json()["id"]
    patch(ada, id, name="Drill", brand="")
    ada.put(f"{made['Location']}/category", {"category": "Tools"}, content_type="application/json")
    ada.delete(made["Location"])
    entries = Entry.objects.filter(subject=f"product:{id}").order_by("id")
    assert list(entries.values_list("kind", "actor_id")) == [
        ("product.created", admin.pk),
        ("product.updated", admin.pk),
        ("product.categorized", admin.pk),
        ("product.deleted", admin.pk),
    ]
    assert details("product.created") == {"version": 1}
    assert private("product.created") == {"fields": {**DRILL, "gtin": 4006381333931}}
    assert details("product.updated") == {"version": 2, "fields": ["brand", "name"]}
    assert private("product.updated") == {
        "before": {"name": "Cordless drill 18 V", "brand": "Nordwerk"},
        "after": {"name": "Drill"},
    }
    assert details("product.categorized") == {
        "version": 3,
        "before": "Tools > Drills",
        "after": "Tools",
        "source": "person",
    }
    assert details("product.deleted") == {"version": 4}
    assert private("product.deleted") == {"sku": "D-18"}


def test_what_people_typed_about_a_product_is_not_in_the_log_itself(ada: Client) -> None:
    made = post(ada, **DRILL)
    patch(ada, made.json()["id"], name="Zange", brand="Holm")
    ada.delete(made["Location"])
    bodies = b"".join(entry.content() for entry in Entry.objects.all())
    for typed in ("D-18", "4006381333931", "Cordless", "batteries", "Nordwerk", "Zange", "Holm"):
        assert typed.encode() not in bodies


def test_a_long_text_is_recorded_by_its_digest(ada: Client) -> None:
    answer = post(ada, sku="A", name="Thing", description="ß" * 20_000)
    assert answer.status_code == 201
    recorded = private("product.created")["fields"]["description"]
    assert recorded["characters"] == 20_000
    assert len(recorded["sha256"]) == 64


def test_a_write_that_cannot_be_recorded_does_not_happen(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **details: object) -> None:
        raise OSError("the disk is full")

    ada.raise_request_exception = False
    monkeypatch.setattr(actions.products, "record", full)
    answer = post(ada, **DRILL)
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert not Product.objects.exists()


def test_the_schema_describes_what_is_answered(ada: Client) -> None:
    assert list(post(ada, **DRILL).json()) == list(ProductOutput().fields)
