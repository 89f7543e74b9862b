"""What nobody would send is refused in its place, and never leaves half of itself behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from inventory import actions as inventory
from inventory.models import Product
from ledger.models import Entry
from lib import clock
from predictions.models import Prediction, Review, Skip
from sync.incoming import MOST_BYTES
from sync.models import Change
from sync.tests.pushing import PUSH, Json, Tablet, entries, outcome, outcomes

pytestmark = pytest.mark.django_db

INVALID = ("rejected", "invalid")
APPLIED = ("applied", None)
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
SEEN = {"category_id": None}
ANSWER = {
    "model_sha256": "a" * 64,
    "category": "Tools",
    "score": 1,
    "confidence_ppm": 1,
    "alternatives": [],
}
PAYLOADS: dict[str, Json] = {
    "product.create": {"fields": {"sku": "NEW", "name": "Lamp"}, "category": None},
    "product.edit": {"set": {"name": "Lamp"}, "base": {"name": "Drill"}},
    "product.categorize": {"category": None, "seen": SEEN},
    "prediction.accept": {"prediction": ID, "category": "Tools", "note": "", "seen": SEEN},
    "prediction.correct": {"prediction": ID, "category": "Tools", "note": "", "seen": SEEN},
    "prediction.provisional": {"answer": ANSWER},
    "prediction.skip": {"prediction": ID},
    "conflict.dismiss": {},
}


@pytest.fixture
def tablet(carla: User) -> Tablet:
    return Tablet(carla)


@pytest.fixture
def product(admin: User) -> Product:
    return inventory.create_product(fields={"sku": "A", "name": "Drill"}, by=admin, now=clock.now())


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


BAD_TEXTS = ["\0", "a\0b", "\ud800", "x" * 501, "", "   "]


@pytest.mark.parametrize("name", BAD_TEXTS, ids=range(len(BAD_TEXTS)))
def test_a_text_that_cannot_be_stored_is_refused_alone(
    tablet: Tablet, product: Product, name: str
) -> None:
    results = tablet.push(
        tablet.create(sku="1"), tablet.create(name=name), tablet.edit(product, {}, name=name),
        tablet.create(sku="2"),
    )  # fmt: skip
    assert list(outcomes(results)) == [APPLIED, INVALID, INVALID, APPLIED]
    assert results[1]["detail"]


@pytest.mark.parametrize(
    "payload",
    [
        {"fields": None, "category": None},
        {"fields": [], "category": None},
        {"fields": {"sku": "NEW"}, "category": None},
        {"fields": {"sku": 5, "name": "Lamp"}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "version": 3}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "category": "Tools"}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "price": 1e300}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "width_mm": 10**40}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "width_mm": True}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "gtin": "4006381333930"}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp"}},
        {"fields": {"sku": "NEW", "name": "Lamp"}, "category": {"path": "Tools"}},
        {"fields": {"sku": "NEW", "name": "Lamp"}, "category": None, "more": 1},
        {"fields": {"sku": "NEW", "name": "Lamp", "brand": deep(2)}, "category": None},
        {"fields": {"sku": "NEW", "name": "Lamp", "brand": deep(200)}, "category": None},
    ],
    ids=range(15),
)
def test_a_product_that_is_none_is_not_made(tablet: Tablet, payload: Any) -> None:
    change = {**tablet.create(), "payload": payload}
    assert outcome(tablet.one(change)) == INVALID
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    "base",
    [
        {}, {"brand": "x"}, {"name": {"Ä": 1}}, {"name": ["x"]}, {"name": "x", "more": 1},
        {"name": "\ud800"},
    ],
    ids=range(6),
)  # fmt: skip
def test_an_edit_says_what_was_there_before(tablet: Tablet, product: Product, base: Any) -> None:
    assert outcome(tablet.one(tablet.edit(product, base, name="Lamp"))) == INVALID


@pytest.mark.parametrize("base", [10**40, -1, 1.5, True, None, "x" * 100_000], ids=range(6))
def test_what_was_there_before_may_be_anything_and_conflicts(
    tablet: Tablet, product: Product, base: Any
) -> None:
    result = tablet.one(tablet.edit(product, {"width_mm": base}, width_mm=5))
    assert outcome(result) == (("conflict", "field") if base is not None else APPLIED)


@pytest.mark.parametrize(
    "more",
    [
        {"seq": -1}, {"seq": "1"}, {"seq": 2**53}, {"seq": None}, {"person": "1"}, {"person": None},
        {"kind": "product.delete"}, {"kind": None}, {"kind": ["product.edit"]}, {"kind": {}},
        {"product": 5}, {"product": {}}, {"product": {"id": "1"}}, {"product": {"id": True}},
        {"product": {"id": 1, "uuid": ID}}, {"product": {"uuid": "x"}}, {"product": {"id": 10**30}},
        {"base_version": 0}, {"base_version": 2**40}, {"base_version": "1"},
        {"payload": None}, {"payload": []}, {"payload": "x"},
        {"made_at": "yesterday"}, {"made_at": "2026-11-20T08:15:00"}, {"made_at": 5},
        {"made_at": "0001-01-01T00:00:00+14:00"}, {"made_at": "9999-12-31T23:59:59-14:00"},
        {"resolves": "x"}, {"resolves": 5}, {"more": 1}, {"\0": 1}, {"\ud800": "\ud800"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_change_that_is_none_is_refused_and_not_kept(
    tablet: Tablet, product: Product, more: Json
) -> None:
    good = tablet.create()
    results = tablet.push({**tablet.edit(product, {"name": "Drill"}, name="x"), **more}, good)
    assert list(outcomes(results)) == [INVALID, APPLIED]
    assert results[0]["detail"]
    assert Change.objects.count() == len(entries()) == 1


@pytest.mark.parametrize(
    "batch",
    [
        None, [], "x", 5, {},
        {"changes": None}, {"changes": {}}, {"changes": []}, {"changes": [1]}, {"changes": [None]},
        {"changes": [{}]}, {"changes": [{"id": 5}]}, {"changes": [{"id": ID.upper()}]},
        {"changes": [{"id": "\0"}]}, {"changes": [{"id": [ID]}]},
        {"protocol": 2}, {"protocol": "1"}, {"device": "tablet-7"}, {"device": None},
        {"sent_at": "now"}, {"sent_at": None}, {"build": 5}, {"build": "x" * 65}, {"more": 1},
    ],
    ids=range(24),
)  # fmt: skip
def test_a_batch_that_is_none_is_refused_as_a_whole(tablet: Tablet, batch: Any) -> None:
    if isinstance(batch, dict) and batch:
        answer = tablet.send(*((batch.get("changes") and []) or [tablet.create()]), **batch)
    else:
        answer = tablet.client.post(PUSH, json.dumps(batch), content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400), (b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b'{"a":NaN}', 400),
        (b'{"a":1,"a":2}', 400), (b'{"a":' + b"9" * 5000 + b"}", 400),
        (b" " * (MOST_BYTES + 1), 413),
    ],
    ids=range(8),
)  # fmt: skip
def test_a_body_that_is_none_is_refused(tablet: Tablet, raw: bytes, status: int) -> None:
    assert tablet.client.post(PUSH, raw, content_type="application/json").status_code == status


def test_a_number_beyond_all_others_is_refused_alone(tablet: Tablet) -> None:
    body = {
        "protocol": 1,
        "device": tablet.device,
        "sent_at": "2026-11-20T08:15:00Z",
        "changes": [tablet.create(price=0.5), tablet.create(sku="2")],
    }
    raw = json.dumps(body).replace("0.5", "1e999")
    answer = tablet.client.post(PUSH, raw, content_type="application/json")
    assert list(outcomes(answer.json()["results"])) == [INVALID, APPLIED]


def test_too_many_changes_are_sent_in_parts(tablet: Tablet) -> None:
    answer = tablet.send(*(tablet.create(sku=str(number)) for number in range(51)))
    assert answer.status_code == 413
    assert not Change.objects.exists()
    changes = [tablet.create(sku=str(number)) for number in range(50)]
    assert set(outcomes(tablet.push(*changes))) == {APPLIED}


def test_a_form_is_no_batch(tablet: Tablet) -> None:
    assert tablet.client.post(PUSH, {"changes": "x"}).status_code == 415


def test_without_the_csrf_token_nothing_is_carried_out(tablet: Tablet) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(tablet.person)
    answer = client.post(PUSH, {"changes": [tablet.create()]}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


# Anything at all

TEXTS = st.text(max_size=20) | st.sampled_from(["\0", "\ud800", ID, "Tools", "A"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def broken(draw: st.DrawFn) -> Json:
    """A change with one thing in it, or several, that a tablet would not send."""
    kind = draw(st.sampled_from(sorted(PAYLOADS)))
    change: Json = {
        "id": str(draw(st.uuids(version=4))),
        "seq": 1,
        "person": None,
        "kind": kind,
        "product": {"id": None},
        "base_version": 1,
        "payload": json.loads(json.dumps(PAYLOADS[kind])),
        "made_at": "2026-11-20T08:15:00Z",
        "resolves": None,
    }
    places = list(_places(change["payload"])) + [(change, name) for name in change if name != "id"]
    for where, name in draw(st.lists(st.sampled_from(places), max_size=2, unique_by=id)):
        where[name] = draw(VALUES)
    if draw(st.booleans()):
        change["payload"] = draw(VALUES)
    return change


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield value, name
            yield from _places(item)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(broken(), min_size=1, max_size=3, unique_by=lambda one: one["id"]))
def test_whatever_is_sent_is_answered_and_leaves_all_of_itself_or_nothing(
    tablet: Tablet, product: Product, changes: list[Json]
) -> None:
    for change in changes:
        if change["person"] is None:
            change["person"] = tablet.person.pk
        if change["product"] == {"id": None}:
            change["product"] = (
                {"uuid": str(uuid4())} if change["kind"] == "product.create" else {"id": product.pk}
            )
    with transaction.atomic():
        tables = (Product, Review, Skip, Prediction)
        before = [table.objects.count() for table in tables]
        last = Entry.objects.latest("pk").pk
        results = tablet.push(*changes)
        assert {one["status"] for one in results} <= {"applied", "rejected", "conflict", "deferred"}
        # "busy" would be a mistake of ours: nobody else is here.
        assert "busy" not in {one["code"] for one in results}
        kept = set(map(str, Change.objects.values_list("pk", flat=True)))
        told = Entry.objects.filter(pk__gt=last)
        assert {str(one.uuid) for one in told if one.kind.startswith("change.")} == kept
        if not any(one["status"] == "applied" for one in results):
            after = [table.objects.count() for table in tables]
            assert after == before
            assert all(one.kind.startswith("change.") for one in told)
        again = tablet.push(*changes)
        assert {one["id"] for one in again if one["status"] == "duplicate"} == kept
        transaction.set_rollback(True)
