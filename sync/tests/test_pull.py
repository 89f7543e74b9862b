"""Whoever pulls has what the server has: first all of it, then what changes."""

from __future__ import annotations

import gzip
import json
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from inventory import actions
from inventory.csv_import import Row
from inventory.models import Category, Product
from ledger.actions import record
from lib import clock
from registry.tests.releases import SHA256
from sync.models import Change
from sync.tests.mirror import CHANGES, Mirror, category, product, real

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


# What costs what


@pytest.mark.parametrize("limit", [2, 9])
def test_a_page_costs_the_same_however_long_it_is(
    mirror: Mirror, catalogue: None, limit: int
) -> None:
    mirror.pull_all()
    mirror.limit = limit
    Product.objects.update(brand="x")
    with CaptureQueriesContext(connection) as queries:
        page = mirror.page()
    assert len(page["changes"]) == min(limit, 7)
    told = [query["sql"] for query in queries.captured_queries]
    # Four say who is asking. Then the epoch, whether the cursor is good, the rows, the products,
    # the newest row; and the head, where there is more.
    assert len(told) == 4 + 5 + (limit == 2), "\n".join(told)


def test_nothing_new_is_told_without_a_body(mirror: Mirror, catalogue: None, admin: User) -> None:
    mirror.pull_all()
    first = mirror.ask()
    tag = first["ETag"]
    answer = mirror.ask(**{"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
    product("B-1", admin)
    answer = mirror.ask(**{"If-None-Match": tag})
    assert answer.status_code == 200
    assert "ETag" not in answer
    assert mirror.page()["changes"]
    assert mirror.ask(**{"If-None-Match": tag}).status_code == 200


def test_a_page_travels_in_a_fraction_of_its_length(mirror: Mirror, admin: User) -> None:
    for number in range(60):
        product(f"A-{number}", admin)
    plain = mirror.client.get(f"{CHANGES}?limit=100")
    packed = mirror.client.get(f"{CHANGES}?limit=100", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) * 8 < len(plain.content)
    assert json.loads(gzip.decompress(packed.content))["changes"] == plain.json()["changes"]


def test_nobody_between_keeps_a_page(mirror: Mirror, catalogue: None) -> None:
    assert mirror.ask()["Cache-Control"] == "no-store"


def test_which_model_is_live_is_told(
    mirror: Mirror, deployed: SHA256, headers_as_they_are: None
) -> None:
    assert mirror.page()["model"] == {"sha256": deployed["live"]}


# What became of what this tablet sent

DEVICE = UUID("7b1f3d5c-0000-4000-8000-000000000001")


def sent(seq: int, by: User, device: UUID = DEVICE) -> None:
    entry = uuid4()
    record("change.rejected", actor=by.pk, subject="product:1", now=clock.now(), uuid=entry)
    Change.objects.create(
        id=entry, kind="product.edit", person=by, device=device, seq=seq, body_sha256="0" * 64,
        status="rejected", code="gone", result={}, made_at=clock.now(), received_at=clock.now(),
        skew_ms=0,
    )  # fmt: skip


def test_a_tablet_learns_which_of_its_changes_are_settled(
    mirror: Mirror, carla: User, admin: User
) -> None:
    def through(device: str = str(DEVICE)) -> int | None:
        told: int | None = mirror.ask(**{"Shelfmark-Device": device}).json()["my_changes_through"]
        return told

    assert through() is None
    sent(4, carla)
    sent(7, carla)
    sent(9, admin)
    sent(11, carla, uuid4())
    assert through() == 7
    assert through(str(uuid4())) is None
    assert through("tablet-7") is None
    assert mirror.ask().json()["my_changes_through"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=2001", "limit=x", "after=1", "cursor=a&cursor=b"]
)
def test_a_wrong_question_is_refused(mirror: Mirror, query: str) -> None:
    assert mirror.client.get(f"{CHANGES}?{query}").status_code == 400
