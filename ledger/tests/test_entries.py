import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger.actions import CannotRecord, build, encode_entry, record, record_many
from ledger.models import Entry

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
        uuid=ID, kind="thing.happened", actor="dora", subject="x", at=NOW, details=fields
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
            '{"actor":"dora","at":"2026-11-20T12:00:00.000005Z",'
            '"details":{"gone":null,"name":"Čaj","weight_g":12},"format":"shelfmark-entry/1",'
            '"id":"01890a5d-ac96-774b-bcce-b302099a8057","kind":"thing.happened","subject":"x"}'
        ).encode()
    )


def test_an_entry_is_dated_in_utc_wherever_it_was_written() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    fields: dict[str, Any] = {"uuid": ID, "kind": "k", "actor": "a", "subject": "s", "details": {}}
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
    entry = record("product.created", actor="carla", subject="product:1", now=NOW, sku="A-1")
    stored = Entry.objects.get()
    assert (stored.kind, stored.subject, stored.actor, stored.at) == (
        "product.created",
        "product:1",
        "carla",
        NOW,
    )
    assert stored.content() == entry.content()
    assert json.loads(stored.content())["details"] == {"sku": "A-1"}


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_when_its_transaction_goes() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("product.created", actor="carla", subject="product:1", now=NOW)
        raise ZeroDivisionError
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(CannotRecord, match="inside the transaction"):
        record("product.created", actor="carla", subject="product:1", now=NOW)


@pytest.mark.django_db
def test_many_entries_are_written_together_in_order() -> None:
    entries = [build("a.b", actor="x", subject=str(i), now=NOW) for i in range(1200)]
    record_many(entries)
    assert list(Entry.objects.order_by("id").values_list("subject", flat=True)) == [
        str(i) for i in range(1200)
    ]
