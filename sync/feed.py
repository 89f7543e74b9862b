"""What was written to products and categories, in the order of commits: reading.

On SQLite that is the order of the keys, because one transaction writes at a time. On PostgreSQL
keys are drawn before the commit, so a row is read only when no transaction as old as its own can
still be open, in the order (transaction, key): whoever reads on from there passes nothing by.
The design is in docs/sync-protocol.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from inventory.models import Category, Product
from sync.models import Touched

# Of what a tablet keeps. Another number: what it has is of no use, and it reads everything again.
SCHEMA = 1

Collection = Touched.Collection


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the feed: its transaction (0 on SQLite), its key and its mark."""

    xid: int
    id: int
    mark: int

    @property
    def number(self) -> int:
        """Return what grows whenever there is more to read."""
        return self.xid if connection.vendor == "postgresql" else self.id


@dataclass(frozen=True, slots=True)
class Written:
    """A row of the feed, and which product or category it is about."""

    place: Place
    collection: str
    row: int


@dataclass(frozen=True, slots=True)
class Era:
    """Which database this is, as far as cursors can tell; None: nobody has given it a name."""

    epoch: UUID | None
    cluster: str


def era() -> Era:
    """Return the epoch, if it is one of this very database cluster."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The transactions of one cluster say nothing about those of another.
            cursor.execute(
                "SELECT system_identifier::text, (SELECT uuid FROM sync_epoch"
                " WHERE cluster = system_identifier::text) FROM pg_control_system()"
            )
            cluster, epoch = cursor.fetchone()
            return Era(epoch, cluster)
        cursor.execute("SELECT uuid FROM sync_epoch WHERE cluster = ''")
        found = cursor.fetchone()
    return Era(UUID(found[0]) if found else None, "")


# Nothing that is older can still be committed.
_SETTLED = (
    "(xid < pg_snapshot_xmin(pg_current_snapshot())"
    # What this very transaction has written is committed before whoever reads it can tell.
    " OR xid = pg_current_xact_id_if_assigned())"
)
# With the table, because xid alone would be what is selected under that name: a text, by which 1000
# comes before 999.
_ORDER = "sync_touched.xid, sync_touched.id"
_BACKWARDS = "sync_touched.xid DESC, sync_touched.id DESC"


def head() -> Place | None:
    """Return the last row that can be read; None before the first epoch."""
    if connection.vendor == "postgresql":
        query = (
            "SELECT xid::text, id, mark FROM sync_touched"
            f" WHERE {_SETTLED} ORDER BY {_BACKWARDS} LIMIT 1"
        )
    else:
        query = "SELECT 0, id, mark FROM sync_touched ORDER BY id DESC LIMIT 1"
    rows = _rows(query, [])
    return Place(int(rows[0][0]), *rows[0][1:]) if rows else None


def after(place: Place, *, most: int) -> Sequence[Written]:
    """Return what follows a row, at most so many."""
    if connection.vendor == "postgresql":
        query = (
            'SELECT xid::text, id, mark, collection, "row" FROM sync_touched'
            f" WHERE (xid, id) > (%s::xid8, %s) AND {_SETTLED} ORDER BY {_ORDER} LIMIT %s"
        )
        rows = _rows(query, [str(place.xid), place.id, most])
    else:
        query = (
            'SELECT 0, id, mark, collection, "row" FROM sync_touched'
            " WHERE id > %s ORDER BY id LIMIT %s"
        )
        rows = _rows(query, [place.id, most])
    return [
        Written(Place(int(xid), key, mark), collection, row)
        for xid, key, mark, collection, row in rows
    ]


def held_back_since() -> datetime | None:
    """Return when the first row was written that nobody can read yet; None: all can be read."""
    if connection.vendor != "postgresql":
        return None
    query = (
        "SELECT min(at) FROM sync_touched WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())"
        " AND xid IS DISTINCT FROM pg_current_xact_id_if_assigned()"
    )
    [(since,)] = _rows(query, [])
    return cast(datetime | None, since)


@dataclass(frozen=True, slots=True)
class Seen:
    """The row with the highest key that could be seen, settled or not."""

    id: int
    mark: int


def newest() -> Seen | None:
    """Return the newest row there is. A copy of the database from before does not have it."""
    found = Touched.objects.order_by("-pk").values_list("pk", "mark").first()
    return Seen(*found) if found else None


def fault(place: Place, seen: Seen) -> str | None:
    """Return why nobody can read on from a row: `expired` or `rewound`; None: they can.

    The row is gone because it was too old, or it is not there because the database is an older
    copy of itself, which may have given its key a second time.
    """
    keys = [place.id, seen.id]
    marks = dict(Touched.objects.filter(pk__in=keys).values_list("pk", "mark"))
    if marks.get(place.id) == place.mark and marks.get(seen.id) == seen.mark:
        return None
    first = _first()
    is_before = first is not None and (place.xid, place.id) < (first.xid, first.id)
    return "expired" if is_before and place.id not in marks else "rewound"


def _first() -> Place | None:
    if connection.vendor == "postgresql":
        query = f"SELECT xid::text, id, mark FROM sync_touched ORDER BY {_ORDER} LIMIT 1"
    else:
        query = "SELECT 0, id, mark FROM sync_touched ORDER BY id LIMIT 1"
    rows = _rows(query, [])
    return Place(int(rows[0][0]), *rows[0][1:]) if rows else None


def outlived(moment: datetime, *, most: int) -> Sequence[int]:
    """Return the keys of the rows that come before all rows since a moment, and before the head.

    The first in the order in which they are read come first: if these go, nobody who still finds
    the row that they stood on has missed one.
    """
    order, settled = "id", "TRUE"
    if connection.vendor == "postgresql":
        order, settled = "xid, id", _SETTLED
    backwards = order.replace(",", " DESC,")
    query = (
        f"SELECT id FROM sync_touched WHERE ({order}) < (SELECT {order} FROM ("
        f"SELECT * FROM (SELECT {order} FROM sync_touched WHERE at >= %s ORDER BY {order} LIMIT 1)"
        f" since UNION ALL SELECT * FROM (SELECT {order} FROM sync_touched WHERE {settled}"
        f" ORDER BY {backwards} DESC LIMIT 1) last) stays ORDER BY {order} LIMIT 1)"
        f" ORDER BY {order} LIMIT %s"
    )
    since = connection.ops.adapt_datetimefield_value(moment)
    return [key for (key,) in _rows(query, [since, most])]


def _rows(query: str, parameters: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


# What the rows are about, as it is now. What nobody can see any more is left out.


def products(ids: Sequence[int]) -> dict[int, Product]:
    return {product.pk: product for product in _products().filter(pk__in=ids)}


def products_from(last: int, *, most: int) -> Sequence[Product]:
    """Return the products that follow one, by their keys."""
    return list(_products().filter(pk__gt=last).order_by("pk")[:most])


def _products() -> QuerySet[Product]:
    return (
        Product.objects.present()
        .select_related("category")
        .defer("search_text", "category__search_text")
    )


def categories(ids: Sequence[int]) -> dict[int, Category]:
    return {category.pk: category for category in _categories().filter(pk__in=ids)}


def categories_from(last: int, *, most: int) -> Sequence[Category]:
    """Return the categories that follow one, by their keys."""
    return list(_categories().filter(pk__gt=last).order_by("pk")[:most])


def _categories() -> QuerySet[Category]:
    return Category.objects.only("path", "version")
