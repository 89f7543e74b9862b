from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from accounts.models import IdempotencyKey, User
from ledger.models import Entry
from lib.ids import uuid7
from lib.rows import insert

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 11, 20, 12, 30, 15, 123456, tzinfo=UTC)


def entries(count: int) -> list[Entry]:
    return [
        Entry(
            uuid=uuid7(),
            kind=f"k{number}",
            subject="sübject %s",
            actor_id=None if number % 2 else 2**63 - 1,
            at=MOMENT,
            body=b"\0%s",
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 13, 128, 129, 300])
def test_every_row_arrives_as_it_was_and_in_order(count: int) -> None:
    sent = entries(count)
    insert(sent)
    found = list(Entry.objects.order_by("id"))
    assert [one.kind for one in found] == [f"k{number}" for number in range(count)]
    for one, other in zip(found, sent, strict=True):
        assert (one.uuid, one.subject, one.actor_id, one.at, one.content()) == (
            other.uuid,
            other.subject,
            other.actor_id,
            other.at,
            b"\0%s",
        )


def test_foreign_keys_and_nulls_arrive(carla: User) -> None:
    insert(
        [
            IdempotencyKey(
                user=carla,
                method="POST",
                path="/x",
                key="k",
                body_sha256="0" * 64,
                status=200,
                response_body=b"",
                created_at=MOMENT,
            )
        ]
    )
    assert IdempotencyKey.objects.get(user=carla).status == 200


def test_a_row_that_breaks_a_rule_is_refused() -> None:
    twice = entries(1) * 2
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(twice)
