import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from inventory import actions as inventory
from inventory.admin.products import ProductAdmin
from inventory.csv_import import FIELDS, Row, read
from inventory.models import Product, ProductFields
from ledger.models import Entry
from ledger.openings import opened
from lib import admin as lists
from lib import clock, spreadsheet

pytestmark = pytest.mark.django_db
PREDICTIONS = "/admin/predictions/prediction/"
PRODUCTS = "/admin/inventory/product/"
Enter = Callable[[User], Client]


@pytest.fixture
def desk(enter: Enter, dora: User) -> Client:
    return enter(dora)


def export(client: Client, address: str) -> Any:
    return client.post(address)


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def product(by: User, **fields: Any) -> Product:
    category = fields.pop("category", None)
    return inventory.create_product(
        fields=ProductFields(**fields),  # type: ignore[typeddict-item]
        category=category,
        by=by,
        now=clock.now(),
    )


def test_exactly_the_filtered_list_is_exported(desk: Client, answer: Any, rita: User) -> None:
    known, unknown = answer(), answer({"name": "zxqj"})
    everything = rows(export(desk, f"{PREDICTIONS}export/"))
    assert [row["receipt_id"] for row in everything] == [str(unknown.pk), str(known.pk)]
    found = rows(export(desk, f"{PREDICTIONS}export/?decision_path__exact=none"))
    assert [row["receipt_id"] for row in found] == [str(unknown.pk)]
    assert rows(export(desk, f"{PREDICTIONS}export/?q={known.pk}"))[0]["category"] == known.label


def test_an_export_is_in_the_ledger_before_its_first_byte(desk: Client, answer: Any) -> None:
    answer()
    response = export(desk, f"{PREDICTIONS}export/?decision_path__exact=live&q=")
    # Nothing of the body was read yet.
    entry = Entry.objects.get(kind="predictions.exported")
    assert entry.actor_id == User.objects.get(username="dora").pk
    assert json.loads(entry.content())["details"] == {"rows": 1}
    # What somebody searched for may be a name, so the log only commits to it.
    filters = opened(entry.uuid)["details"].value["filters"]
    assert {"name": "decision_path__exact", "value": "live"} in filters
    assert len(rows(response)) == 1


def test_a_link_cannot_make_an_export(desk: Client, answer: Any) -> None:
    assert desk.get(f"{PREDICTIONS}export/").status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="dora"))
    assert strict.post(f"{PREDICTIONS}export/").status_code == 403
    assert not Entry.objects.filter(kind="predictions.exported").exists()


def test_a_filter_that_makes_no_sense_exports_nothing(desk: Client, answer: Any) -> None:
    answer()
    assert export(desk, f"{PREDICTIONS}export/?foo=1").status_code == 400
    assert rows(export(desk, f"{PREDICTIONS}export/?from_date=nonsense")) == []


def test_an_export_reads_page_by_page(
    desk: Client, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [str(answer().pk) for _ in range(5)][::-1]
    whole = lists.pages
    monkeypatch.setattr(lists, "pages", lambda queryset: whole(queryset, size=2))
    response = export(desk, f"{PREDICTIONS}export/")
    stream = iter(response.streaming_content)
    with CaptureQueriesContext(connection) as queries:
        lines = [next(stream), next(stream)]
    # A page, with its reviews: the rest is not asked for before somebody reads on.
    assert len(queries) == 2
    lines += list(stream)
    assert [line.decode().split('"')[1] for line in lines[1:]] == made


def test_pages_end_where_the_rows_end(admin: User) -> None:
    made = [product(admin, sku=f"S{number}", name="x").pk for number in range(4)]
    for size in (1, 2, 3, 4, 5):
        found = [row.pk for page in lists.pages(Product.objects.all(), size=size) for row in page]
        assert found == made[::-1]


def test_a_formula_leaves_as_text(desk: Client, admin: User) -> None:
    product(admin, sku="=1+1", name="@SUM(A1)", description="drill;=cmd|'/C calc'!A0")
    row = rows(export(desk, f"{PRODUCTS}export/"))[0]
    assert row["sku"] == "'=1+1"
    assert row["name"] == "'@SUM(A1)"
    assert row["description"] == "drill;'=cmd|'/C calc'!A0"


def test_numbers_leave_as_numbers(desk: Client, admin: User) -> None:
    product(admin, sku="A", name="Drill", width_mm=12, price="12.90")
    text = b"".join(export(desk, f"{PRODUCTS}export/").streaming_content).decode("utf-8-sig")
    assert ",12," in text
    assert ",12.90," in text


def test_an_export_can_be_imported_and_changes_nothing(
    desk: Client, admin: User, tmp_path: Path
) -> None:
    inventory.create_category(name="Tools", parent=None, by=admin, now=clock.now())
    product(
        admin, sku="=A-1", name="'=1+1", description="-20 °C\r\n=x;\t+1", brand="@home",
        gtin=4006381333931, width_mm=1, weight_g=5, price="0.50", category="Tools",
    )  # fmt: skip
    product(admin, sku="A-2", name="Hammer, 5 mm")
    before = list(Product.objects.order_by("pk").values())
    file = tmp_path / "products.csv"
    file.write_bytes(b"".join(export(desk, f"{PRODUCTS}export/").streaming_content))
    call_command("import_products", str(file))
    assert list(Product.objects.order_by("pk").values()) == before


texts = (
    st.text(alphabet="=+-@＝'\" \t\r\n,;|aÄ0\u200b−", max_size=20)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
).map(str.strip)
names = texts.filter(bool)
skus = names.filter(str.isprintable)
wholes = st.none() | st.integers(1, 100_000)


@given(
    fields=st.fixed_dictionaries(
        {
            "sku": skus,
            "name": names,
            "description": texts,
            "brand": texts,
            "gtin": st.sampled_from([None, 4006381333931, 96385074]),
            "width_mm": wholes,
            "height_mm": wholes,
            "depth_mm": wholes,
            "weight_g": wholes,
            "price": st.none() | st.decimals(0, 10**9, places=2),
        }
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_product_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    from django.contrib import admin

    exported = ProductAdmin(Product, admin.site).export_row(Product(**fields))
    text = b"".join(spreadsheet.lines(FIELDS, [exported])).decode("utf-8-sig")
    (row,) = read(io.StringIO(text, newline=""), sources={})
    assert isinstance(row, Row)
    assert row.fields == fields
    assert row.category is None
