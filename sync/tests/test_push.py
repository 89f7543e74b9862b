"""What becomes of the changes in a batch, and in which order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from ledger.models import Entry
from lib import clock
from sync import actions, delivery
from sync.models import Change
from sync.tests.pushing import OPS, Tablet, details, entries, outcome, outcomes, private

pytestmark = pytest.mark.django_db

HELD = ("deferred", "held")
APPLIED = ("applied", None)


@pytest.fixture
def tablet(carla: User) -> Tablet:
    return Tablet(carla)


@pytest.fixture
def product(admin: User) -> Product:
    return inventory.create_product(fields={"sku": "A", "name": "Drill"}, by=admin, now=clock.now())


def test_a_product_made_on_a_tablet_is_made(tablet: Tablet, carla: User) -> None:
    uuid = str(uuid4())
    change = tablet.create(uuid, gtin="4006381333931", width_mm=5, price="12.9")
    answer = tablet.send(change)
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["sync_head"] > 0
    assert datetime.fromisoformat(body["server_time"]).tzinfo is not None
    product = Product.objects.get()
    assert (product.sku, product.price) == ("NEW", Decimal("12.90"))
    assert (product.gtin_text, product.width_mm) == ("4006381333931", 5)
    assert body["results"] == [
        {
            "id": change["id"],
            "status": "applied",
            "was": None,
            "code": None,
            "detail": None,
            "product": tablet.client.get(f"/api/v1/products/{product.pk}").json(),
            "prediction": None,
            "agreement": None,
            "rebased": False,
            "contested": [],
        }
    ]
    row = Change.objects.get()
    assert (row.person, row.product, row.product_uuid) == (carla, product, UUID(uuid))
    assert (row.status, row.seq, row.device) == ("applied", 1, UUID(tablet.device))
    assert row.made_at == datetime(2026, 11, 20, 8, 15, 0, 1000, tzinfo=UTC)
    (entry,) = entries()
    assert (entry.uuid, entry.kind, entry.subject) == (
        row.pk, "change.applied", f"product:{product.pk}",
    )  # fmt: skip
    assert entry.actor_id == carla.pk
    assert private(entry) == {"device": tablet.device}
    assert tablet.device.encode() not in entry.content()


def test_what_arrives_twice_has_one_effect_and_the_answer_of_then(tablet: Tablet) -> None:
    change = tablet.create()
    first = tablet.one(change)
    again = tablet.one(change)
    assert again == {**first, "status": "duplicate", "was": "applied"}
    assert Product.objects.count() == Change.objects.count() == len(entries()) == 1


def test_twice_in_one_batch_is_once(tablet: Tablet) -> None:
    change = tablet.create()
    assert [one["status"] for one in tablet.push(change, change)] == ["applied", "duplicate"]
    assert len(entries()) == 1


def test_how_a_change_travels_makes_it_no_other_change(tablet: Tablet) -> None:
    change = tablet.create()
    tablet.push(change)
    again = tablet.push(
        {**change, "seq": 7, "made_at": "2026-11-20T09:15:00.001+01:00"},
        build="other",
        sent_at="2026-11-22T00:00:00Z",
    )
    assert again[0]["status"] == "duplicate"


def test_a_refusal_is_told_again_as_well(tablet: Tablet, product: Product) -> None:
    change = tablet.create(sku="A")
    first = tablet.one(change)
    assert outcome(first) == ("rejected", "sku_taken")
    assert tablet.one(change) == {**first, "status": "duplicate", "was": "rejected"}
    assert len(entries()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "product.edit", "payload": {"set": {"name": "x"}, "base": {"name": "Lamp"}}},
        {"payload": {"fields": {"sku": "NEW", "name": "Lamp 2"}, "category": None}},
        {"product": {"uuid": "01890a5d-ac96-774b-bcce-b302099a8057"}},
        {"base_version": 4},
        {"made_at": "2026-11-20T08:15:01Z"},
        {"resolves": "01890a5d-ac96-774b-bcce-b302099a8057"},
    ],
)
def test_another_change_under_the_same_id_is_refused(tablet: Tablet, other: Any) -> None:
    change = tablet.create()
    tablet.push(change)
    assert outcome(tablet.one({**change, **other})) == ("rejected", "id_reuse")
    assert Change.objects.count() == len(entries()) == Product.objects.count() == 1


def test_the_id_of_any_other_entry_is_no_id_of_a_change(tablet: Tablet, product: Product) -> None:
    change = {**tablet.create(), "id": str(product.entry_id)}
    before = Entry.objects.count()
    assert outcome(tablet.one(change)) == ("rejected", "id_reuse")
    assert Entry.objects.count() == before


def test_nobody_sends_the_change_of_somebody_else(tablet: Tablet, rita: User) -> None:
    change = tablet.create()
    assert outcome(Tablet(rita).one(change)) == ("rejected", "actor_mismatch")
    assert not Change.objects.exists()
    assert not Product.objects.exists()
    assert not entries()
    # It stays on the tablet for the one who made it, and is sent then.
    assert outcome(tablet.one(change)) == APPLIED


def test_the_id_of_somebody_elses_change_tells_nothing_about_it(tablet: Tablet, rita: User) -> None:
    change = tablet.create()
    tablet.push(change)
    result = Tablet(rita).one({**change, "person": rita.pk})
    assert outcome(result) == ("rejected", "id_reuse")
    assert result["product"] is None


def test_a_product_is_known_by_the_name_that_the_tablet_gave_it(tablet: Tablet) -> None:
    uuid = str(uuid4())
    results = tablet.push(
        tablet.create(uuid),
        tablet.edit({"uuid": uuid}, {"name": "Lamp"}, name="Desk lamp"),
    )
    assert list(outcomes(results)) == [APPLIED, APPLIED]
    later = tablet.one(tablet.edit({"uuid": uuid}, {"brand": ""}, brand="Holm"))
    assert (later["product"]["name"], later["product"]["brand"]) == ("Desk lamp", "Holm")


def test_what_is_about_a_product_that_was_not_made_waits(tablet: Tablet, product: Product) -> None:
    uuid = str(uuid4())
    create = tablet.create(uuid, sku="A")
    edit = tablet.edit({"uuid": uuid}, {"name": "Lamp"}, name="Desk lamp")
    other = tablet.edit(product, {"brand": ""}, brand="Holm")
    assert list(outcomes(tablet.push(create, edit, other))) == [
        ("rejected", "sku_taken"), HELD, APPLIED,
    ]  # fmt: skip
    assert outcome(tablet.one(edit)) == HELD
    # Under another SKU it can be made, and what waited follows.
    again = {**tablet.create(uuid, sku="B"), "resolves": create["id"]}
    assert list(outcomes(tablet.push(again, edit))) == [APPLIED, APPLIED]
    assert Product.objects.get(sku="B").name == "Desk lamp"


def test_a_product_is_made_once_however_often_its_making_is_sent_anew(tablet: Tablet) -> None:
    uuid = str(uuid4())
    tablet.push(tablet.create(uuid))
    assert outcome(tablet.one(tablet.create(uuid, sku="B"))) == ("rejected", "invalid")
    assert Product.objects.count() == 1


def test_one_that_cannot_be_carried_out_does_not_hold_up_the_others(
    tablet: Tablet, product: Product
) -> None:
    poison = tablet.edit(product, {"width_mm": None}, width_mm=-1)
    results = tablet.push(
        tablet.create(sku="1"), poison, tablet.create(sku="2"),
        tablet.edit(product, {"name": "Drill"}, name="Drill 2"),
    )  # fmt: skip
    assert list(outcomes(results)) == [APPLIED, ("rejected", "invalid"), APPLIED, HELD]
    assert "width_mm" in results[1]["detail"]
    product.refresh_from_db()
    assert product.name == "Drill"


def test_a_mistake_of_ours_in_one_does_not_hold_up_the_others(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = actions.settle

    def broken(**given: Any) -> Any:
        if given["sent"].seq == 2:
            raise ZeroDivisionError
        return settle(**given)

    monkeypatch.setattr(delivery, "settle", broken)
    changes = [tablet.create(sku=str(number)) for number in range(3)]
    results = tablet.push(*changes)
    assert list(outcomes(results)) == [APPLIED, ("deferred", "busy"), APPLIED]
    monkeypatch.undo()
    assert [one["status"] for one in tablet.push(*changes)] == ["duplicate", "applied", "duplicate"]


def test_a_crash_in_the_middle_leaves_what_came_before(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    save = Change.save

    def dies(change: Change, **options: Any) -> None:
        save(change, **options)
        if change.seq == 4:
            raise PowerCut

    monkeypatch.setattr(Change, "save", dies)
    changes = [tablet.create(sku=str(number)) for number in range(5)]
    with pytest.raises(PowerCut):
        tablet.send(*changes)
    assert sorted(Product.objects.values_list("sku", flat=True)) == ["0", "1", "2"]
    assert Change.objects.count() == len(entries()) == 3
    monkeypatch.undo()
    results = tablet.push(*changes)
    assert [one["status"] for one in results] == ["duplicate"] * 3 + ["applied"] * 2
    assert Product.objects.count() == Change.objects.count() == len(entries()) == 5


def test_without_its_database_the_server_says_when_to_come_back(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(**given: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(delivery, "settle", gone)
    answer = tablet.send(tablet.create())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["code"] == "unavailable"


def test_a_lock_that_does_not_come_is_waited_for_by_sending_again(
    tablet: Tablet, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = actions.settle

    def busy(**given: Any) -> Any:
        if given["sent"].product_id == product.pk:
            raise OperationalError("database is locked")
        return settle(**given)

    monkeypatch.setattr(delivery, "settle", busy)
    results = tablet.push(
        tablet.edit(product, {"name": "Drill"}, name="Drill 2"),
        tablet.edit(product, {"brand": ""}, brand="Holm"),
        tablet.create(),
    )
    assert list(outcomes(results)) == [("deferred", "busy"), HELD, APPLIED]


@pytest.mark.parametrize(("ahead", "flagged"), [(299, False), (301, True), (-301, True)])
def test_a_clock_that_is_off_changes_nothing_and_is_told(
    tablet: Tablet, ahead: int, flagged: bool
) -> None:
    sent_at = clock.now() + timedelta(seconds=ahead)
    change = {**tablet.create(), "made_at": "1970-01-01T00:00:03Z"}
    assert outcome(tablet.one(change, sent_at=sent_at.isoformat())) == APPLIED
    row = Change.objects.get()
    assert abs(row.skew_ms - ahead * 1000) < 60_000
    assert row.made_at.year == 1970
    assert clock.now() - row.received_at < timedelta(minutes=1)
    told = details(entries()[0])
    assert told["skew_flagged"] is flagged
    assert told["skew_ms"] == row.skew_ms
    assert told["made_at"] == "1970-01-01T00:00:03.000000Z"


def test_a_lost_answer_can_be_asked_for(tablet: Tablet, product: Product, rita: User) -> None:
    made, refused = tablet.create(), tablet.create(sku="A")
    told = tablet.push(made, refused)
    unknown = str(uuid4())
    ids = [refused["id"], unknown, made["id"]]
    answer = tablet.client.get(OPS, {"ids": ",".join(ids)})
    assert answer.json()["results"] == [
        {**told[1], "status": "duplicate", "was": "rejected"},
        {**told[0], "status": "duplicate", "was": "applied"},
    ]
    # Nobody learns what became of somebody else's.
    assert Tablet(rita).client.get(OPS, {"ids": made["id"]}).json() == {"results": []}


ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize("ids", ["", "x", f"{ID},", ",".join([ID] * 101)], ids=len)
def test_what_is_asked_for_is_named_by_ids(tablet: Tablet, ids: str) -> None:
    assert tablet.client.get(OPS, {"ids": ids}).status_code == 400


def test_every_change_is_one_row_and_one_entry(tablet: Tablet, product: Product) -> None:
    changes = [
        tablet.create(sku="1"),
        tablet.create(sku="A"),
        tablet.edit(product, {"name": "Drill"}, name="Drill 2"),
        tablet.edit({"id": 999}, {"name": "Drill"}, name="Drill 2"),
        tablet.categorize(product, "Nowhere"),
    ]
    tablet.push(*changes)
    tablet.push(*changes)
    rows = {str(row.pk): row.status for row in Change.objects.all()}
    assert rows == {str(entry.uuid): entry.kind.removeprefix("change.") for entry in entries()}
    assert list(rows) != []
    assert len(rows) == 5
    assert {json.loads(entry.content())["id"] for entry in entries()} == set(rows)
