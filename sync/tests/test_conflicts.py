"""What becomes of a change when the product changed since the person looked: each row of the table
in docs/sync-protocol.md.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.actions import erase_person
from accounts.models import User
from inventory import actions as inventory
from inventory.csv_import import Row
from inventory.models import Category, Product
from ledger.actions import erase_text
from ledger.models import Opening
from lib import clock
from registry.actions import robot
from sync.models import Change
from sync.tests.pushing import (
    OPS,
    Tablet,
    details,
    entries,
    outcome,
    outcomes,
    private,
)

pytestmark = pytest.mark.django_db

APPLIED = ("applied", None)
HUMAN = ("conflict", "human_conflict")
FIELD = ("conflict", "field")
GLOVES, LAMPS, SCREWS = "Safety > Gloves", "Lighting > Lamps", "Fasteners > Screws"


@pytest.fixture
def tablet(carla: User) -> Tablet:
    return Tablet(carla)


@pytest.fixture
def other(rita: User) -> Tablet:
    return Tablet(rita)


@pytest.fixture
def product(admin: User, categories: None) -> Product:
    return inventory.create_product(
        fields={"sku": "A", "name": "Drill", "brand": "Holm"}, by=admin, now=clock.now()
    )


def id_of(path: str) -> int:
    return Category.objects.get(path=path).pk


def put(product: Product, path: str | None, by: User, source: str = "person") -> None:
    inventory.categorize(
        product_id=product.pk, category=path, source=source, by=by, now=clock.now()
    )


def category_of(product: Product) -> str | None:
    product.refresh_from_db()
    return product.category.path if product.category else None


# Categories


def test_nobody_else_has_said_anything(tablet: Tablet, product: Product) -> None:
    result = tablet.one(tablet.categorize(product, GLOVES))
    assert outcome(result) == APPLIED
    assert result["rebased"] is False
    assert (result["product"]["category"], result["product"]["category_source"]) == (
        GLOVES,
        "person",
    )
    kinds = [entry.kind for entry in entries(f"product:{product.pk}", kind="")]
    assert kinds == ["product.created", "product.categorized", "change.applied"]


def test_somebody_else_has_said_the_same(tablet: Tablet, product: Product, rita: User) -> None:
    put(product, GLOVES, rita)
    result = tablet.one(tablet.categorize(product, GLOVES))
    assert outcome(result) == APPLIED
    assert result["contested"] == []
    # Both have decided, and the log says so.
    told = entries(f"product:{product.pk}", kind="")
    assert [(one.kind, one.actor_id) for one in told[1:]] == [
        ("product.categorized", rita.pk),
        ("change.applied", tablet.person.pk),
    ]
    assert details(told[2])["category"] == GLOVES


def test_somebody_else_has_said_otherwise(tablet: Tablet, product: Product, rita: User) -> None:
    put(product, LAMPS, rita)
    change = tablet.categorize(product, GLOVES)
    result = tablet.one(change)
    assert outcome(result) == HUMAN
    setting = entries(f"product:{product.pk}", kind="product.categorized")[-1]
    assert result["contested"] == [
        {
            "what": "category",
            "mine": GLOVES,
            "theirs": LAMPS,
            "by": "Rita",
            "at": setting.at.isoformat().replace("+00:00", "Z"),
        }
    ]
    assert category_of(product) == LAMPS
    assert result["product"]["category"] == LAMPS
    assert not entries(f"product:{product.pk}", kind="product.categorized")[1:]
    # It is told again in the same words.
    again = {**result, "status": "duplicate", "was": "conflict"}
    assert tablet.one(change) == again
    assert tablet.client.get(OPS, {"ids": change["id"]}).json() == {"results": [again]}


def test_what_somebody_else_has_said_was_on_the_screen(
    tablet: Tablet, product: Product, rita: User
) -> None:
    put(product, LAMPS, rita)
    result = tablet.one(tablet.categorize(product, GLOVES, seen=id_of(LAMPS)))
    assert outcome(result) == APPLIED
    assert category_of(product) == GLOVES


@pytest.mark.parametrize("source", ["model", "import"])
def test_a_machine_has_said_otherwise(tablet: Tablet, product: Product, source: str) -> None:
    put(product, LAMPS, robot(), source)
    result = tablet.one(tablet.categorize(product, GLOVES))
    assert outcome(result) == APPLIED
    assert result["rebased"] is True
    assert details(entries()[0])["rebased"] is True
    assert category_of(product) == GLOVES


def test_somebody_else_has_taken_the_category_away(
    tablet: Tablet, product: Product, rita: User
) -> None:
    put(product, LAMPS, rita)
    put(product, None, rita)
    result = tablet.one(tablet.categorize(product, GLOVES, seen=id_of(LAMPS)))
    assert outcome(result) == HUMAN
    assert (result["contested"][0]["theirs"], result["contested"][0]["by"]) == (None, "Rita")
    assert category_of(product) is None
    # To take it away as well is to agree.
    taken = tablet.categorize(product, None, seen=id_of(LAMPS))
    assert outcome(tablet.one(taken)) == APPLIED


def test_what_a_person_did_before_on_the_same_tablet_is_no_conflict(
    tablet: Tablet, product: Product
) -> None:
    # The second was decided on top of the first, before the server knew of either.
    results = tablet.push(
        tablet.categorize(product, GLOVES), tablet.categorize(product, LAMPS),
        tablet.edit(product, {"name": "Drill"}, name="Drill 2"),
        tablet.edit(product, {"name": "Drill"}, name="Drill 3"),
    )  # fmt: skip
    assert set(outcomes(results)) == {APPLIED}
    assert category_of(product) == LAMPS
    assert product.name == "Drill 3"


def test_what_a_person_did_on_another_tablet_is_one(
    tablet: Tablet, product: Product, carla: User
) -> None:
    Tablet(carla).push(tablet.categorize(product, GLOVES))
    result = tablet.one(tablet.categorize(product, LAMPS))
    assert outcome(result) == HUMAN
    assert result["contested"][0]["by"] == "Carla"


def test_a_deleted_product(tablet: Tablet, product: Product, admin: User) -> None:
    inventory.delete_product(product_id=product.pk, by=admin, now=clock.now())
    for change in (
        tablet.categorize(product, GLOVES),
        tablet.edit(product, {"name": "Drill"}, name="x"),
        tablet.categorize({"id": 2**53 - 1}, GLOVES),
    ):
        result = tablet.one(change)
        assert outcome(result) == ("rejected", "gone")
        assert result["product"] is None
    assert Change.objects.filter(product=product).count() == 2


def test_a_category_that_is_no_more(tablet: Tablet, product: Product) -> None:
    result = tablet.one(tablet.categorize(product, "Boats"))
    assert outcome(result) == ("rejected", "unknown_category")
    assert "Boats" in result["detail"]
    made = tablet.one(tablet.create(category="Boats"))
    assert outcome(made) == ("rejected", "unknown_category")
    assert Product.objects.count() == 1


# Fields


def test_different_fields_are_both_kept(tablet: Tablet, product: Product, rita: User) -> None:
    inventory.update_product(
        product_id=product.pk, fields={"brand": "Nordwerk"}, by=rita, now=clock.now()
    )
    result = tablet.one(
        tablet.edit(product, {"name": "Drill", "width_mm": None}, name="Drill 2", width_mm=5)
    )
    assert outcome(result) == APPLIED
    shown = result["product"]
    assert (shown["name"], shown["brand"], shown["width_mm"]) == ("Drill 2", "Nordwerk", 5)
    assert details(entries()[0])["fields"] == ["name", "width_mm"]


def test_the_same_field_is_contested_and_nothing_is_done(
    tablet: Tablet, product: Product, rita: User
) -> None:
    inventory.update_product(
        product_id=product.pk,
        fields={"name": "Hammer", "price": Decimal(3)},
        by=rita,
        now=clock.now(),
    )
    edit = tablet.edit(
        product, {"name": "Drill", "brand": "Holm", "price": None},
        name="Drill 2", brand="Nordwerk", price="4.5",
    )  # fmt: skip
    result = tablet.one(edit)
    assert outcome(result) == FIELD
    assert [
        (one["what"], one["mine"], one["theirs"], one["by"]) for one in result["contested"]
    ] == [
        ("name", "Drill 2", "Hammer", "Rita"),
        ("price", "4.50", "3.00", "Rita"),
    ]
    product.refresh_from_db()
    assert (product.name, product.brand) == ("Hammer", "Holm")
    assert tablet.one(edit)["contested"] == result["contested"]


def test_the_same_value_is_no_conflict(tablet: Tablet, product: Product, rita: User) -> None:
    inventory.update_product(
        product_id=product.pk, fields={"name": "Hammer"}, by=rita, now=clock.now()
    )
    assert outcome(tablet.one(tablet.edit(product, {"name": "Drill"}, name="Hammer"))) == APPLIED
    # And who changed nothing has nothing against what others did.
    assert outcome(tablet.one(tablet.edit(product, {"name": "Drill"}, name="Drill"))) == APPLIED
    product.refresh_from_db()
    assert product.name == "Hammer"


def test_what_was_on_the_screen_may_be_spelled_otherwise(
    tablet: Tablet, product: Product, admin: User
) -> None:
    fields: Any = {"price": Decimal("12.90"), "gtin": 12345678905, "description": " as imported "}
    Product.objects.filter(pk=product.pk).update(description=fields.pop("description"))
    inventory.update_product(product_id=product.pk, fields=fields, by=admin, now=clock.now())
    base = {"price": 12.9, "gtin": "0012345678905", "description": " as imported "}
    result = tablet.one(
        tablet.edit(product, base, price="13", gtin=None, description="as it should be")
    )
    assert outcome(result) == APPLIED
    assert (result["product"]["price"], result["product"]["gtin"]) == ("13.00", None)


def test_an_import_is_named_as_what_set_a_field(
    tablet: Tablet, product: Product, admin: User
) -> None:
    row = Row(line=2, fields={"sku": "A", "name": "Imported"}, category=None, digest=b"")
    inventory.import_products(rows=[row], file_sha256="0" * 64, by=admin, now=clock.now())
    result = tablet.one(tablet.edit(product, {"name": "Drill"}, name="Drill 2"))
    assert outcome(result) == FIELD
    assert (result["contested"][0]["theirs"], result["contested"][0]["by"]) == ("Imported", "Admin")


def test_what_the_program_did_was_done_by_nobody(tablet: Tablet, product: Product) -> None:
    inventory.update_product(
        product_id=product.pk, fields={"name": "Hammer"}, by=robot(), now=clock.now()
    )
    result = tablet.one(tablet.edit(product, {"name": "Drill"}, name="Drill 2"))
    assert result["contested"][0]["by"] is None


def test_a_long_text_is_contested_as_it_is_now(
    tablet: Tablet, product: Product, rita: User
) -> None:
    theirs, mine = "t" * 19_000, "m" * 19_000
    inventory.update_product(
        product_id=product.pk, fields={"description": theirs}, by=rita, now=clock.now()
    )
    edit = tablet.edit(product, {"description": ""}, description=mine)
    first = tablet.one(edit)["contested"][0]
    assert (first["mine"], first["theirs"]) == (mine, theirs)
    again = tablet.one(edit)["contested"][0]
    assert (again["mine"], again["theirs"]) == (None, theirs)
    assert private(entries()[0])["contested"][0]["mine"]["characters"] == 19_000


def test_a_sku_that_is_taken(tablet: Tablet, product: Product, admin: User) -> None:
    inventory.create_product(fields={"sku": "B", "name": "Saw"}, by=admin, now=clock.now())
    result = tablet.one(tablet.edit(product, {"sku": "A", "name": "Drill"}, sku="B", name="x"))
    assert outcome(result) == ("rejected", "sku_taken")
    product.refresh_from_db()
    assert (product.sku, product.name) == ("A", "Drill")
    assert [one.kind for one in entries(f"product:{product.pk}", kind="")] == [
        "product.created",
        "change.rejected",
    ]


# Settling conflicts


@pytest.fixture
def conflict(tablet: Tablet, product: Product, rita: User) -> dict[str, Any]:
    put(product, LAMPS, rita)
    change = tablet.categorize(product, GLOVES)
    assert outcome(tablet.one(change)) == HUMAN
    return change


def test_a_person_keeps_what_they_said(
    tablet: Tablet, product: Product, conflict: dict[str, Any]
) -> None:
    keep = tablet.categorize(product, GLOVES, seen=id_of(LAMPS), resolves=conflict["id"])
    assert outcome(tablet.one(keep)) == APPLIED
    assert category_of(product) == GLOVES
    settled = Change.objects.get(pk=conflict["id"])
    assert [str(one.pk) for one in settled.resolved_by.all()] == [keep["id"]]
    assert details(entries()[-1])["resolves"] == conflict["id"]


def test_a_person_leaves_what_is_there(
    tablet: Tablet, product: Product, conflict: dict[str, Any]
) -> None:
    dismiss = {**tablet.change("conflict.dismiss"), "resolves": conflict["id"]}
    result = tablet.one(dismiss)
    assert outcome(result) == APPLIED
    assert result["product"]["category"] == LAMPS
    assert entries()[-1].subject == f"product:{product.pk}"
    assert (
        Change.objects.get(pk=dismiss["id"]).resolves_id == Change.objects.get(pk=conflict["id"]).pk
    )


def test_the_same_batch_may_bring_a_conflict_again_and_what_settles_it(
    tablet: Tablet, product: Product, conflict: dict[str, Any]
) -> None:
    later = tablet.edit(product, {"name": "Drill"}, name="Drill 2")
    results = tablet.push(conflict, later)
    assert list(outcomes(results)) == [("duplicate", "human_conflict"), ("deferred", "held")]
    keep = tablet.categorize(product, GLOVES, seen=id_of(LAMPS), resolves=conflict["id"])
    assert [one["status"] for one in tablet.push(conflict, keep, later)] == [
        "duplicate", "applied", "applied",
    ]  # fmt: skip


def test_nobody_settles_what_is_no_conflict_of_theirs(
    tablet: Tablet, other: Tablet, product: Product, conflict: dict[str, Any]
) -> None:
    done = tablet.create()
    tablet.push(done)
    for pusher, named in (
        (other, conflict["id"]),
        (tablet, done["id"]),
        (tablet, "01890a5d-ac96-774b-bcce-b302099a8057"),
        (tablet, None),
    ):
        dismiss = {**pusher.change("conflict.dismiss"), "resolves": named}
        assert outcome(pusher.one(dismiss)) == ("rejected", "invalid"), named


# What is kept


def test_erasing_a_person_leaves_nothing_of_them_in_their_changes(
    tablet: Tablet, product: Product, conflict: dict[str, Any], rita: User, carla: User
) -> None:
    edit = tablet.edit(product, {"name": "Holm"}, name="Call Carla, 555")
    assert outcome(tablet.one(edit)) == FIELD
    row = Change.objects.get(pk=edit["id"])
    erase_person(user=rita, reason="She asked.", by=None, now=clock.now())
    told = tablet.one(conflict)
    assert told["contested"][0]["by"] == f"erased-{rita.pk}"
    erase_person(user=carla, reason="She asked.", by=None, now=clock.now())
    assert not Opening.objects.filter(entry=row.pk).exists()
    kept = [str(value) for value in Change.objects.filter(pk=row.pk).values_list()[0]]
    assert not [value for value in kept if "Carla" in value or ", 555" in value]
    assert row.result == {"rebased": False, "agreement": None, "contested": ["name"]}


def test_what_is_told_again_after_an_erasure_is_what_is_left(
    tablet: Tablet, product: Product, conflict: dict[str, Any]
) -> None:
    erase_text(entries=[entries()[0].uuid], reason="It had to.", by=None, now=clock.now())
    told = tablet.one(conflict)
    assert (told["was"], told["code"]) == ("conflict", "human_conflict")
    assert told["detail"]
    assert told["contested"] == [
        {
            "what": "category",
            "mine": None,
            "theirs": LAMPS,
            "by": None,
            "at": told["product"]["updated_at"],
        }
    ]
