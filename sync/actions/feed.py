"""What may happen to the feed, besides that it grows: a new epoch, and old rows that go."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction

from ledger.actions import record
from sync import feed
from sync.models import Epoch, Touched

# Longer than anybody works without a connection.
KEEP = timedelta(days=90)
BATCH = 10_000

# Any number will do, as long as nobody else locks the same one.
_LOCK = 7_345_201_963


@transaction.atomic
def begin_epoch(*, now: datetime) -> UUID:
    """Give this database an epoch of its own, unless it has one; return the epoch.

    Every cursor of another epoch is worthless from now on, and so are the rows that other
    cursors stood on: their transactions are numbered by another cluster. Safe to repeat.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    era = feed.era()
    if era.epoch is not None:
        return era.epoch
    previous = Epoch.objects.values_list("uuid", flat=True).first()
    epoch = uuid4()
    Touched.objects.all().delete()
    Epoch.objects.update_or_create(pk=1, defaults={"uuid": epoch, "cluster": era.cluster})
    _begin_feed(now)
    record(
        "sync.epoch_began",
        actor=None,
        subject="sync",
        now=now,
        epoch=str(epoch),
        previous=str(previous) if previous else None,
    )
    return epoch


def _begin_feed(now: datetime) -> None:
    """Write a row that all others follow, so that whoever reads stands somewhere."""
    # It is about nothing: no product has the key 0.
    row = Touched.objects.create(
        collection=feed.Collection.PRODUCT, row=0, mark=random.getrandbits(53), at=now
    )
    if connection.vendor == "postgresql":
        # Also before a transaction that is older than this one and still open.
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sync_touched SET xid = '0' WHERE id = %s", [row.pk])


@transaction.atomic
def prune_feed(*, now: datetime) -> int:
    """Delete rows that are older than KEEP, in the order in which they are read; say how many.

    At most BATCH of them, so that nobody waits long, and never the last: somebody may have read
    everything. What is gone is not deleted twice.
    """
    ids = feed.outlived(now - KEEP, most=BATCH)
    Touched.objects.filter(pk__in=ids).delete()
    return len(ids)
