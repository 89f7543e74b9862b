"""What a tablet is told of its changes, with what is known today: products, and names of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts.models import User
from inventory.api import ProductOutput
from inventory.models import Product
from ledger import openings
from ledger.models import Entry
from ledger.openings import Opened
from predictions.models import ROBOT
from sync.models import Change
from sync.outcomes import Contested, Settled

DUPLICATE = "duplicate"
_AGAIN = {
    "human_conflict": "Somebody else has put this product somewhere else.",
    "field": "Somebody else has changed this too.",
}
_REFUSED = "This was refused."


def tell(settled: Sequence[Settled], *, by: User) -> list[dict[str, Any]]:
    """Return the results of these changes, in their order and in a fixed number of queries."""
    products = _products(settled, by)
    kept = openings.parts(
        one.change.pk
        for one in settled
        if one.change is not None
        and one.status == DUPLICATE
        and one.change.status != Change.Status.APPLIED
    )
    contested = {one.id: one.contested or _again(one.change, kept) for one in settled}
    people = _people(each.entry for several in contested.values() for each in several)
    return [_result(one, contested[one.id], products, people, kept) for one in settled]


def known(ids: Iterable[UUID], *, by: User) -> list[Settled]:
    """Return what became of this person's changes of these ids, without those nobody knows."""
    wanted = list(ids)
    found = Change.objects.filter(person=by).in_bulk(wanted)
    return [Settled(one, DUPLICATE, change=found[one]) for one in wanted if one in found]


def _result(
    one: Settled,
    contested: Sequence[Contested],
    products: Mapping[int, Any],
    people: Mapping[int, str],
    kept: Mapping[UUID, dict[str, Opened]],
) -> dict[str, Any]:
    change = one.change
    told = change.result if change else {"rebased": False, "agreement": None}
    number = change.product_id if change else None
    product = products.get(number) if number is not None else None
    is_provisional = change is not None and change.kind == Change.Kind.PROVISIONAL
    is_again = one.status == DUPLICATE
    return {
        "id": str(one.id),
        "status": one.status,
        "was": str(change.status) if change and is_again else None,
        "code": (change.code or None) if change else one.code,
        "detail": _detail(change, kept) if change and is_again else one.detail,
        "product": product,
        "prediction": str(change.prediction_id)
        if change and is_provisional and change.prediction_id
        else None,
        "agreement": told["agreement"],
        "rebased": told["rebased"],
        "contested": [_contested(each, product, people) for each in contested],
    }


def _contested(
    one: Contested, product: Mapping[str, Any] | None, people: Mapping[int, str]
) -> dict[str, object]:
    entry = one.entry
    actor = entry.actor_id if entry else None
    theirs = one.theirs
    if isinstance(theirs, dict):
        # Only its digest was kept, or it was erased. What is there now is what is decided about.
        theirs = product[one.what] if product else None
    return {
        "what": one.what,
        "mine": None if isinstance(one.mine, dict) else one.mine,
        "theirs": theirs,
        "by": None if actor is None else people.get(actor),
        "at": entry.at if entry else product["updated_at"] if product else None,
    }


def _detail(change: Change, kept: Mapping[UUID, dict[str, Opened]]) -> str | None:
    if change.status == Change.Status.APPLIED:
        return None
    part = kept.get(change.pk, {}).get("details")
    # What was said then may have been erased.
    return part.value["detail"] if part else _AGAIN.get(change.code, _REFUSED)


def _again(change: Change | None, kept: Mapping[UUID, dict[str, Opened]]) -> list[Contested]:
    """Return what was contested, as the entry of the change keeps it."""
    if change is None or change.status != Change.Status.CONFLICT:
        return []
    part = kept.get(change.pk, {}).get("details")
    if part is None:
        return [Contested(what, None, {}, None) for what in change.result["contested"]]
    told: list[dict[str, Any]] = part.value["contested"]
    named = [one["entry"] for one in told if one["entry"]]
    entries = {str(entry.uuid): entry for entry in Entry.objects.filter(uuid__in=named)}
    return [
        Contested(one["what"], one["mine"], one["theirs"], entries.get(one["entry"]))
        for one in told
    ]


def _products(settled: Sequence[Settled], by: User) -> dict[int, Any]:
    if not by.has_perm("inventory.view_product"):
        return {}
    numbers = {one.change.product_id for one in settled if one.change and one.change.product_id}
    found = Product.objects.present().select_related("category").filter(pk__in=numbers)
    output = ProductOutput()
    return {product.pk: output.to_representation(product) for product in found}


def _people(entries: Iterable[Entry | None]) -> dict[int, str]:
    """Return what people are called today. The program itself is nobody."""
    numbers = {entry.actor_id for entry in entries if entry and entry.actor_id}
    people = User.objects.filter(pk__in=numbers).exclude(username=ROBOT) if numbers else []
    return {user.pk: str(user) for user in people}
