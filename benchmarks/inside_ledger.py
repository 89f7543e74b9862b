"""What `bench_ledger.py` does inside an installation: fill its log, prove entries of it."""

from __future__ import annotations

import json
import random
import sys
import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks import catalogues  # noqa: E402
from ledger import log, tree  # noqa: E402
from ledger.actions import seal  # noqa: E402
from ledger.models import Entry, Leaf  # noqa: E402
from lib import clock  # noqa: E402
from predictions import actions, features  # noqa: E402
from predictions.receipts import Asker, Question  # noqa: E402

BATCH = 1000


def fill(count: int) -> None:
    """Make so many predictions, as the API does with lists of a thousand, and seal them."""
    read = catalogues.read(settings.BASE_DIR / "data" / "prepared" / "products.csv")
    products = [features.read(row.product) for row in read.rows]
    asker = Asker(user_id=User.objects.get(username="carla").pk, request_id="bench")
    begun = time.perf_counter()
    for start in range(0, count, BATCH):
        many = [products[at % len(products)] for at in range(start, min(start + BATCH, count))]
        actions.predict(questions=[Question(one) for one in many], asker=asker, now=clock.now())
    recorded = time.perf_counter() - begun
    actions._writer.stop()
    begun = time.perf_counter()
    sealed = seal(now=clock.now())
    seconds = time.perf_counter() - begun
    print(json.dumps({"recorded": count / recorded, "sealed": sealed.appended / seconds}))


def prove(count: int) -> None:
    """Prove so many entries, taken at random, and check each proof; print the milliseconds."""
    checkpoint = log.latest_checkpoint()
    assert checkpoint is not None
    size = checkpoint.size
    times = []
    for _ in range(count):
        leaf = Leaf.objects.get(pk=random.randrange(size))
        entry = Entry.objects.get(pk=leaf.entry_id)
        begun = time.perf_counter()
        place = log.place_of(entry)
        times.append((time.perf_counter() - begun) * 1000)
        found = tree.leaf_hash(entry.content())
        tree.check_inclusion(
            found, place.index, place.checkpoint.size, place.proof, bytes(place.checkpoint.root)
        )
    print(json.dumps(times))


def open_up(count: int) -> None:
    """Let the database take predictions without receipts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            " AND tbl_name = 'predictions_prediction' AND sql LIKE '%%ledger_entry%%'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')


if __name__ == "__main__":
    {"fill": fill, "prove": prove, "open_up": open_up}[sys.argv[1]](int(sys.argv[2]))
