"""Who last set what of a product: the entries of the log tell."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from inventory.models import Product
from ledger.models import Entry
from sync.models import Change

# An older setter than so many entries ago is somebody whom nobody argues with.
_MOST = 200
_IMPORTED = "products.imported"
_SETS = ("product.created", "product.updated", "product.categorized")


def last_set(product: Product, what: str) -> Entry | None:
    """Return the entry that last set "category" or a field of a product, None if none tells.

    An import is one entry for all its rows, which does not say what it set of each. One that
    is the last to have changed the product is taken to have set the field.
    """
    rows = Entry.objects.filter(subject=f"product:{product.pk}", kind__in=_SETS).order_by("-pk")
    found = next((entry for entry in rows[:_MOST] if _sets(entry, what)), None)
    is_persons = what == "category" and product.category_source == Product.Source.PERSON
    if is_persons or product.entry_id is None or (found and found.uuid == product.entry_id):
        return found
    newest = Entry.objects.filter(uuid=product.entry_id, kind=_IMPORTED).first()
    return newest if newest and (found is None or newest.pk > found.pk) else found


def _sets(entry: Entry, what: str) -> bool:
    if entry.kind == "product.updated":
        details: dict[str, Any] = json.loads(entry.content())["details"]
        return what in details["fields"]
    return entry.kind == "product.created" or what == "category"


def is_of(entry: Entry | None, *, device: UUID, person: int, product: Product) -> bool:
    """Say whether an entry tells of what this person did before on this very tablet.

    What happens to a product and the change that brings it about have one moment.
    """
    return (
        entry is not None
        and entry.actor_id == person
        and Change.objects.filter(
            product=product,
            person=person,
            device=device,
            status=Change.Status.APPLIED,
            received_at=entry.at,
        ).exists()
    )
