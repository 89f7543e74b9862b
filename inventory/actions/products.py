"""What may happen to products. Every write is here and records itself."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts.models import User
from inventory.actions.categories import ensure_categories, locked_category
from inventory.actions.refusals import CannotSave, Stale
from inventory.csv_import import Row
from inventory.models import Category, Product, ProductFields
from inventory.search import searchable
from ledger.actions import record
from lib.ids import uuid7

# The ledger tells what a long text is by its digest: entries stay small, and a name is
# easier to read than a page.
_LONGEST_IN_LEDGER = 500


@transaction.atomic
def create_product(
    *, fields: ProductFields, category: str | None = None, by: User, now: datetime
) -> Product:
    """Add a product; `category` is a path that a person chose, or None."""
    product = Product(**fields, created_at=now, updated_at=now, entry_id=uuid7())
    if category is not None:
        product.category = locked_category(path=category)
        product.category_source = Product.Source.PERSON
    _save_new(product)
    record(
        "product.created",
        actor=by.pk,
        subject=_subject(product),
        now=now,
        uuid=product.entry_id,
        version=product.version,
        private={"fields": _for_ledger({**fields, "category": category})},
    )
    return product


@transaction.atomic
def update_product(
    *,
    product_id: int,
    fields: ProductFields,
    by: User,
    now: datetime,
    expected_version: int | None = None,
    **category: str | None,
) -> Product:
    """Change what `fields` names; `category="…"` or `category=None` if a person says so.

    A change that changes nothing leaves the version alone and is not recorded.
    """
    product = _locked(product_id, expected_version)
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for name, value in fields.items():
        if getattr(product, name) != value:
            before[name], after[name] = getattr(product, name), value
            setattr(product, name, value)
    changed = list(after)
    if "category" in category:
        path = category["category"]
        known = product.category.path if product.category else None
        if path != known:
            product.category = locked_category(path=path) if path is not None else None
            product.category_source = Product.Source.PERSON if path else Product.Source.NOBODY
            before["category"], after["category"] = known, path
            changed += ["category", "category_source"]
    if changed:
        _save(product, changed, now)
        record(
            "product.updated",
            actor=by.pk,
            subject=_subject(product),
            now=now,
            uuid=product.entry_id,
            version=product.version,
            fields=sorted(after),
            private={"before": _for_ledger(before), "after": _for_ledger(after)},
        )
    return product


@transaction.atomic
def categorize(
    *,
    product_id: int,
    category: str | None,
    source: str,
    by: User,
    now: datetime,
    expected_version: int | None = None,
) -> Product:
    """Say which category (a path) a product belongs to, and who says so.

    Safe to repeat: the same answer from the same source changes nothing.
    """
    product = _locked(product_id, expected_version)
    known = product.category.path if product.category else None
    source = source if category is not None else Product.Source.NOBODY
    if (known, product.category_source) == (category, source):
        return product
    if known != category:
        product.category = locked_category(path=category) if category is not None else None
    product.category_source = source
    _save(product, ["category", "category_source"], now)
    record(
        "product.categorized",
        actor=by.pk,
        subject=_subject(product),
        now=now,
        uuid=product.entry_id,
        version=product.version,
        before=known,
        after=category,
        source=source,
    )
    return product


@transaction.atomic
def delete_product(
    *, product_id: int, by: User, now: datetime, expected_version: int | None = None
) -> None:
    """Take a product out of the catalogue. Its row stays for the receipts that name it."""
    product = _locked(product_id, expected_version)
    product.deleted_at = now
    _save(product, ["deleted_at"], now)
    record(
        "product.deleted",
        actor=by.pk,
        subject=_subject(product),
        now=now,
        uuid=product.entry_id,
        version=product.version,
        private={"sku": product.sku},
    )


@dataclass(frozen=True, slots=True)
class ImportResult:
    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "ImportResult") -> "ImportResult":
        return ImportResult(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


@transaction.atomic
def import_products(
    *, rows: Sequence[Row], file_sha256: str, by: User | None, now: datetime, dry_run: bool = False
) -> ImportResult:
    """Create or update the product of each row, recognised by its SKU; one entry for all.

    Safe to repeat: rows that say what is stored already change nothing. A row without a
    category says nothing about it, and a category that a person chose stays.
    """
    if not rows:
        return ImportResult()
    paths = {row.category for row in rows if row.category is not None}
    categories = ensure_categories(paths=paths, by=by, now=now)
    known = {
        product.sku: product
        for product in Product.objects.filter(
            deleted_at=None, sku__in=[row.fields["sku"] for row in rows]
        )
        .select_for_update()
        .order_by("pk")
    }
    entry = uuid7()
    new: list[Product] = []
    changed: list[Product] = []
    for row in rows:
        product = known.get(row.fields["sku"])
        category = categories[row.category] if row.category is not None else None
        if product is None:
            source = Product.Source.IMPORT if category else Product.Source.NOBODY
            product = Product(category=category, category_source=source, created_at=now)
            new.append(product)
        elif _differs(product, row.fields, category):
            product.version += 1
            changed.append(product)
        else:
            continue
        _take_over(product, row.fields, category)
        _fold(product)
        product.updated_at = now
        product.entry_id = entry
    Product.objects.bulk_create(new, batch_size=1000)
    # An upsert whose rows are all there: bulk_update takes many times as long.
    Product.objects.bulk_create(
        changed,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[
            *_IMPORTED,
            "search_text",
            "category",
            "category_source",
            "version",
            "updated_at",
            "entry",
        ],
    )
    result = ImportResult(len(new), len(changed), len(rows) - len(new) - len(changed))
    record(
        "products.imported",
        actor=by.pk if by else None,
        subject=f"file:{file_sha256}",
        now=now,
        uuid=entry,
        first_line=rows[0].line,
        last_line=rows[-1].line,
        rows=len(rows),
        rows_sha256=hashlib.sha256(b"".join(row.digest for row in rows)).hexdigest(),
        created=result.created,
        updated=result.updated,
        unchanged=result.unchanged,
    )
    if dry_run:
        transaction.set_rollback(True)
    return result


_IMPORTED = tuple(ProductFields.__annotations__)
_SEARCHED = {"sku", "name", "brand"}


def _differs(product: Product, fields: ProductFields, category: Category | None) -> bool:
    return any(getattr(product, name) != value for name, value in fields.items()) or (
        _may_categorize(product, category)
    )


def _may_categorize(product: Product, category: Category | None) -> bool:
    return (
        category is not None
        and category.pk != product.category_id
        and product.category_source != Product.Source.PERSON
    )


def _take_over(product: Product, fields: ProductFields, category: Category | None) -> None:
    for name, value in fields.items():
        setattr(product, name, value)
    if _may_categorize(product, category):
        product.category = category
        product.category_source = Product.Source.IMPORT


def _subject(product: Product) -> str:
    return f"product:{product.pk}"


def _locked(product_id: int, expected_version: int | None) -> Product:
    product = (
        Product.objects.filter(deleted_at=None)
        .select_related("category")
        .select_for_update(of=("self",))
        .get(pk=product_id)
    )
    if expected_version is not None and product.version != expected_version:
        raise Stale(product.version)
    return product


def _fold(product: Product) -> None:
    product.search_text = searchable(f"{product.name} {product.brand}", code=product.sku)


def _save_new(product: Product) -> None:
    _fold(product)
    try:
        with transaction.atomic():
            product.save(force_insert=True)
    except IntegrityError as error:
        raise _named(product, error) from error


def _save(product: Product, fields: list[str], now: datetime) -> None:
    product.version += 1
    product.updated_at = now
    product.entry_id = uuid7()
    if not _SEARCHED.isdisjoint(fields):
        _fold(product)
        fields = [*fields, "search_text"]
    try:
        with transaction.atomic():
            product.save(update_fields=[*fields, "version", "updated_at", "entry"])
    except IntegrityError as error:
        raise _named(product, error) from error


def _named(product: Product, error: IntegrityError) -> Exception:
    """Return what to tell the person, or the error itself if nobody foresaw it."""
    taken = Product.objects.filter(sku=product.sku, deleted_at=None).exclude(pk=product.pk)
    if taken.exists():
        return CannotSave(f"Another product has the SKU “{product.sku}”. Choose another SKU.")
    return error


def _for_ledger(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _value(value) for name, value in fields.items() if value not in (None, "")}


def _value(value: object) -> object:
    match value:
        case Decimal():
            return f"{value:.2f}"
        case str() if len(value) > _LONGEST_IN_LEDGER:
            digest = hashlib.sha256(value.encode()).hexdigest()
            return {"sha256": digest, "characters": len(value)}
        case _:
            return value
