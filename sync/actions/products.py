"""Changes of products: made, edited and categorized on a tablet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from inventory.actions import (
    CannotSave,
    UnknownCategory,
    categorize,
    create_product,
    update_product,
)
from inventory.models import Category, Product, ProductFields, show_gtin
from sync.history import is_of, last_set
from sync.incoming import Invalid, parsed
from sync.models import Change
from sync.outcomes import Conflicting, Contested, Done, Rejected, Task

_HUMAN_CONFLICT = (
    "Somebody else has put this product somewhere else. Say which of the two is right."
)


def create(*, task: Task) -> Done:
    """Add the product that a tablet made; once, under whatever name it is sent again."""
    uuid = task.sent.product_uuid
    if uuid is None:
        raise Invalid("product: Give a new product a UUID of your making.")
    made = Change.objects.filter(
        product_uuid=uuid, kind=Change.Kind.CREATE, status=Change.Status.APPLIED
    )
    if made.exists():
        raise Invalid("This product was made before. Edit it instead of making it again.")
    fields: Any = task.payload["fields"]
    try:
        product = create_product(
            fields=fields, category=task.payload["category"], by=task.by, now=task.now
        )
    except UnknownCategory as error:
        raise Rejected("unknown_category", str(error)) from error
    except CannotSave as error:
        raise Rejected("sku_taken", str(error)) from error
    return Done(product, details={"category": task.payload["category"]})


def edit(*, task: Task) -> Done:
    """Set what a person changed, field by field.

    A field that nobody else changed since takes the new value. One that somebody else has set to
    something else is contested, and then nothing of the edit is done.
    """
    product = task.known_product
    fields: dict[str, Any] = {}
    contested = []
    for name, value in task.payload["set"].items():
        now, base = getattr(product, name), task.payload["base"][name]
        if value == now or _is_same(name, base, value):
            continue
        if not _is_same(name, base, now):
            entry = last_set(product, name)
            if not is_of(entry, device=task.sent.device, person=task.by.pk, product=product):
                contested.append(Contested(name, _shown(name, value), _shown(name, now), entry))
        fields[name] = value
    if contested:
        names = ", ".join(one.what for one in contested)
        raise Conflicting(
            "field", f"Somebody else has changed this too: {names}. Say which is right.", contested
        )
    wanted: ProductFields = fields  # type: ignore[assignment]  # the payload was read as such
    try:
        product = update_product(product_id=product.pk, fields=wanted, by=task.by, now=task.now)
    except CannotSave as error:
        raise Rejected("sku_taken", str(error)) from error
    return Done(product, details={"fields": sorted(fields)})


def put(*, task: Task) -> Done:
    """Put a product where a person said, or nowhere."""
    rebased = check_category(task=task)
    product = categorize(
        product_id=task.known_product.pk,
        category=task.payload["category"],
        source=Product.Source.PERSON,
        by=task.by,
        now=task.now,
    )
    return Done(product, rebased=rebased, details={"category": task.payload["category"]})


def check_category(*, task: Task) -> bool:
    """Say whether a machine has put the product elsewhere since the person looked.

    Raise Rejected or Conflicting if the person's word cannot count. Another person's does, unless
    it was on the screen; a machine's never does.
    """
    product, chosen = task.known_product, task.payload["category"]
    if chosen is not None and not Category.objects.filter(path=chosen).exists():
        raise Rejected("unknown_category", str(UnknownCategory(chosen)))
    seen = task.payload["seen"]["category_id"]
    if product.category_id == seen:
        return False
    path = product.category.path if product.category else None
    # Only a person takes a category away.
    is_persons = product.category is None or product.category_source == Product.Source.PERSON
    if path == chosen or not is_persons:
        return not is_persons
    entry = last_set(product, "category")
    if is_of(entry, device=task.sent.device, person=task.by.pk, product=product):
        return False
    raise Conflicting(
        "human_conflict", _HUMAN_CONFLICT, [Contested("category", chosen, path, entry)]
    )


def _shown(name: str, value: Any) -> Any:
    """Return the value of a field as the API writes it."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return show_gtin(value) if name == "gtin" and value is not None else value


def _is_same(name: str, told: Any, value: Any) -> bool:
    """Say whether `told`, which a tablet had on its screen, is this value of a field.

    It may be spelled as the API spells it or as a person typed it, and stored values may be older
    than the rules by which they would be read today.
    """
    if told == _shown(name, value) and isinstance(told, bool) is isinstance(value, bool):
        return True
    try:
        return bool(parsed(name, told) == value)
    except Invalid:
        return False
