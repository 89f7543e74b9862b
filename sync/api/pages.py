"""Pages of what was written: first a snapshot, then what came since it began.

A page tells of everything as it is when the page is read, which may be newer than the row of the
feed that it was read for. So a product may come with the same version twice, and never with an
older one after a newer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.api import ProductOutput
from inventory.models import Category, Product
from sync import feed
from sync.cursors import Cursor
from sync.feed import Collection, Place

Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer tells, and where the next one goes on."""

    cursor: Cursor
    has_more: bool
    is_snapshot: bool
    # How far one who has read everything is now: see Place.number.
    head: int
    changes: Sequence[Item]


def page_of(cursor: Cursor, *, limit: int) -> Page:
    """Return what follows a cursor, which is one of this database."""
    if cursor.phase is not None:
        return _snapshot(cursor, cursor.phase, limit)
    return _delta(cursor, limit)


def _snapshot(cursor: Cursor, phase: Collection, limit: int) -> Page:
    changes: list[Item] = []
    last = cursor.last
    if phase == Collection.CATEGORY:
        categories = feed.categories_from(last, most=limit)
        changes = [_category(one.pk, one) for one in categories]
        last = categories[-1].pk if categories else last
        if len(changes) < limit:
            phase, last = Collection.PRODUCT, 0
    is_read = False
    if phase == Collection.PRODUCT and (most := limit - len(changes)):
        output = ProductOutput()
        products = feed.products_from(last, most=most)
        changes += [_product(one.pk, one, output) for one in products]
        last = products[-1].pk if products else last
        is_read = len(products) < most
    # Only now: nothing that was read above is newer than the newest row.
    seen = feed.newest() or cursor.seen
    if is_read:
        following = cursor.moved(place=cursor.place, seen=seen)
    else:
        following = cursor.in_snapshot(phase, last, seen=seen)
    # Also after the last page: what came since the snapshot began is still to be read.
    return Page(following, True, True, cursor.place.number, changes)


def _delta(cursor: Cursor, limit: int) -> Page:
    written = feed.after(cursor.place, most=limit + 1)
    has_more = len(written) > limit
    written = written[:limit]
    place = written[-1].place if written else cursor.place
    changes = _states([(one.collection, one.row) for one in written if one.row])
    seen = (feed.newest() or cursor.seen) if written else cursor.seen
    return Page(
        cursor.moved(place=place, seen=seen), has_more, False, _head(place, has_more), changes
    )


def _head(place: Place, has_more: bool) -> int:
    head = feed.head() if has_more else place
    return (head or place).number


def _states(rows: Sequence[tuple[str, int]]) -> list[Item]:
    """Return each of these once, as it is now, in the order in which they were first written."""
    named = list(dict.fromkeys(rows))
    products = feed.products([key for what, key in named if what == Collection.PRODUCT])
    categories = feed.categories([key for what, key in named if what == Collection.CATEGORY])
    output = ProductOutput()
    return [
        _product(key, products.get(key), output)
        if what == Collection.PRODUCT
        else _category(key, categories.get(key))
        for what, key in named
    ]


def _product(key: int, product: Product | None, output: ProductOutput) -> Item:
    data = output.to_representation(product) if product is not None else None
    return _item(Collection.PRODUCT, key, data)


def _category(key: int, category: Category | None) -> Item:
    data = None
    if category is not None:
        data = {"id": category.pk, "path": category.path, "version": category.version}
    return _item(Collection.CATEGORY, key, data)


def _item(collection: Collection, key: int, data: Item | None) -> Item:
    op = "delete" if data is None else "upsert"
    return {"c": collection.value, "id": key, "op": op, "data": data}
