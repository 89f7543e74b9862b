import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import openings
from ledger.actions import (
    CannotRecord,
    build,
    encode_entry,
    erase_about,
    record,
    record_many,
)
from ledger.models import Entry, Opening, Secret
from ledger.openings import opened

NOW = datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=UTC)
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

keys = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
details = st.dictionaries(
    keys,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


def encode(**fields: object) -> bytes:
    return encode_entry(
        uuid=ID,
        kind="thing.happened",
        actor="a" * 64,
        subject="x",
        at=NOW,
        details=fields,
        private="b" * 64,
    )


@given(details)
def test_an_entry_is_canonical_json_as_the_standard_has_it(fields: dict[str, Any]) -> None:
    encoded = encode(**fields)
    assert encoded == rfc8785.dumps(json.loads(encoded))
    assert json.loads(encoded)["details"] == fields


def test_the_bytes_of_an_entry_do_not_change_from_release_to_release() -> None:
    assert (
        encode(weight_g=12, name="Čaj", gone=None)
        == (
            f'{{"actor":"{"a" * 64}","at":"2026-11-20T12:00:00.000005Z",'
            '"details":{"gone":null,"name":"Čaj","weight_g":12},"format":"shelfmark-entry/2",'
            '"id":"01890a5d-ac96-774b-bcce-b302099a8057","kind":"thing.happened",'
            f'"private":"{"b" * 64}","subject":"x"}}'
        ).encode()
    )


def test_an_entry_is_dated_in_utc_wherever_it_was_written() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    fields: dict[str, Any] = {"uuid": ID, "kind": "k", "actor": None, "subject": "s", "details": {}}
    assert encode_entry(at=there, **fields) == encode_entry(at=NOW, **fields)


@pytest.mark.parametrize(
    "value", [0.5, float("nan"), 2**53, b"bytes", NOW, {"Key": 1}, {"ä": 1}, {1: 1}, "\ud800"]
)
def test_an_entry_refuses_what_has_no_single_spelling(value: object) -> None:
    with pytest.raises(CannotRecord):
        encode(value=value)


def test_an_entry_refuses_to_be_longer_than_a_transparency_log_can_hold() -> None:
    with pytest.raises(CannotRecord, match="at most 65535 bytes"):
        encode(text="x" * 65_535)


@pytest.mark.django_db
def test_what_is_recorded_can_be_read_back_byte_for_byte() -> None:
    entry = record("product.created", actor=7, subject="product:1", now=NOW, version=1)
    stored = Entry.objects.get()
    assert (stored.uuid, stored.kind, stored.subject, stored.actor_id, stored.at) == (
        entry.uuid,
        "product.created",
        "product:1",
        7,
        NOW,
    )
    assert stored.content() == entry.content()
    assert json.loads(stored.content()) == {
        "format": "shelfmark-entry/2",
        "id": str(entry.uuid),
        "kind": "product.created",
        "subject": "product:1",
        "at": "2026-11-20T12:00:00.000005Z",
        "actor": opened_by_hand(entry.uuid, user=7),
        "details": {"version": 1},
        "private": None,
    }
    assert not Opening.objects.exists()


def opened_by_hand(entry: UUID, *, user: int) -> str:
    """Return the commitment to a person as the format defines it, with nothing of the program."""
    secret = bytes(Secret.objects.get(user_id=user).secret)
    assert len(secret) == 32
    salt = hmac.new(secret, entry.bytes, hashlib.sha256).digest()
    return hashlib.sha256(salt + f'{{"user":{user}}}'.encode()).hexdigest()


@pytest.mark.django_db
def test_private_details_lie_behind_a_commitment_and_nowhere_in_the_entry() -> None:
    private: dict[str, Any] = {"note": "Žluťoučký kůň", "before": {"b": 1, "a": None}}
    entry = record(
        "thing.noted", actor=None, subject="x", now=NOW, private=private, about=9, version=2
    )
    row = Opening.objects.get()
    assert (row.entry, row.part, row.about) == (entry.uuid, "details", 9)
    assert bytes(row.value) == rfc8785.dumps(private)
    assert len(row.salt) == 32
    body = json.loads(entry.content())
    assert body["private"] == hashlib.sha256(bytes(row.salt) + bytes(row.value)).hexdigest()
    assert (body["actor"], body["details"]) == (None, {"version": 2})
    assert "Žluťoučký".encode() not in entry.content()
    assert b"note" not in entry.content().replace(b"thing.noted", b"")
    assert opened(entry.uuid)["details"].value == private


@pytest.mark.django_db
def test_equal_texts_and_persons_have_different_commitments() -> None:
    entries = [
        record("thing.noted", actor=7, subject="x", now=NOW, private={"note": "same"})
        for _ in range(2)
    ]
    first, second = (json.loads(entry.content()) for entry in entries)
    assert first["private"] != second["private"]
    assert first["actor"] != second["actor"]
    assert Secret.objects.count() == 1
    for entry in entries:
        found = opened(entry.uuid)
        assert found["actor"].value == {"user": 7}
        assert (
            hashlib.sha256(found["actor"].salt + found["actor"].data).hexdigest()
            == (json.loads(entry.content())["actor"])
        )


@pytest.mark.django_db(transaction=True)
def test_a_person_who_was_erased_can_do_nothing_more() -> None:
    with transaction.atomic():
        before = record("thing.noted", actor=7, subject="x", now=NOW)
    assert opened(before.uuid)["actor"].value == {"user": 7}
    erase_about(user_id=7, reason="Asked to.", by=None, now=NOW)
    assert "actor" not in opened(before.uuid)
    with pytest.raises(IntegrityError), transaction.atomic():
        record("thing.noted", actor=7, subject="x", now=NOW)
    assert "actor" not in opened(before.uuid)


@pytest.mark.django_db
@pytest.mark.parametrize("private", [{"x": 0.5}, {"Key": 1}, {"text": "x" * 65_535}])
def test_private_details_keep_the_same_rules(private: dict[str, object]) -> None:
    with pytest.raises(CannotRecord):
        build("thing.noted", actor=None, subject="x", now=NOW, private=private)


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_when_its_transaction_goes() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("product.created", actor=7, subject="product:1", now=NOW, private={"sku": "A"})
        raise ZeroDivisionError
    assert not Entry.objects.exists()
    assert not Opening.objects.exists()
    assert not Secret.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_secret_that_was_undone_is_not_used_again() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("product.created", actor=7, subject="product:1", now=NOW)
        raise ZeroDivisionError
    with transaction.atomic():
        entry = record("product.created", actor=7, subject="product:1", now=NOW)
    assert json.loads(entry.content())["actor"] == opened_by_hand(entry.uuid, user=7)


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(CannotRecord, match="inside the transaction"):
        record("product.created", actor=7, subject="product:1", now=NOW)


@pytest.mark.django_db
def test_many_entries_are_written_together_in_order() -> None:
    entries = [
        build("a.b", actor=None, subject=str(i), now=NOW, private={"number": i})
        for i in range(1200)
    ]
    record_many(entries)
    assert list(Entry.objects.order_by("id").values_list("subject", flat=True)) == [
        str(i) for i in range(1200)
    ]
    found = openings.parts(one.entry.uuid for one in entries)
    assert [found[one.entry.uuid]["details"].value for one in entries] == [
        {"number": i} for i in range(1200)
    ]
