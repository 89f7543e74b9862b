"""What may happen to categories. Every change raises the taxonomy version."""

import hashlib
import json
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from inventory.actions.refusals import CannotSave, Stale, UnknownCategory
from inventory.models import SEPARATOR, Category, Product, Taxonomy, paths_above
from inventory.search import searchable
from ledger.actions import record
from lib.ids import uuid7


class CategoryFields(TypedDict, total=False):
    name: str
    parent: str | None  # a path


@transaction.atomic
def create_category(*, name: str, parent: str | None, by: User, now: datetime) -> Category:
    """Add a category below the one whose path is `parent`, or at the top."""
    taxonomy = _locked_taxonomy(now)
    category = _new_category(
        name, locked_category(path=parent) if parent is not None else None, uuid7(), now
    )
    _bump(taxonomy, now)
    record(
        "category.created",
        actor=by.pk,
        subject=f"category:{category.pk}",
        now=now,
        uuid=category.entry_id,
        path=category.path,
        taxonomy_version=taxonomy.version,
        taxonomy_sha256=taxonomy.sha256,
    )
    return category


@transaction.atomic
def update_category(
    *,
    category_id: int,
    fields: CategoryFields,
    by: User,
    now: datetime,
    expected_version: int | None = None,
) -> Category:
    """Rename a category or move it below another; the paths below it follow."""
    taxonomy = _locked_taxonomy(now)
    category = _locked_category(category_id, expected_version)
    old = category.path
    parent = category.parent
    if "parent" in fields:
        parent = locked_category(path=fields["parent"]) if fields["parent"] is not None else None
    name = fields.get("name", category.name)
    path = f"{parent.path}{SEPARATOR}{name}" if parent else name
    if path == old:
        return category
    if parent and (parent.pk == category.pk or parent.path.startswith(old + SEPARATOR)):
        raise CannotSave("A category cannot be moved below itself.")

    entry = uuid7()
    below = list(Category.objects.under(category))
    category.name, category.parent, category.path = name, parent, path
    for descendant in below:
        descendant.path = path + descendant.path[len(old) :]
    for moved in (category, *below):
        _check_place(moved.path)
        moved.search_text = searchable(moved.path)
        moved.version += 1
        moved.updated_at = now
        moved.entry_id = entry
    try:
        with transaction.atomic():
            Category.objects.bulk_update(
                [category, *below],
                ["name", "parent", "path", "search_text", "version", "updated_at", "entry"],
                200,
            )
    except IntegrityError as error:
        raise CannotSave(f"There is already a category “{path}”.") from error
    _bump(taxonomy, now)
    record(
        "category.updated",
        actor=by.pk,
        subject=f"category:{category.pk}",
        now=now,
        uuid=entry,
        before=old,
        after=path,
        moved_below=len(below),
        taxonomy_version=taxonomy.version,
        taxonomy_sha256=taxonomy.sha256,
    )
    return category


@transaction.atomic
def delete_category(
    *, category_id: int, by: User, now: datetime, expected_version: int | None = None
) -> None:
    """Delete a category that nothing belongs to any more."""
    taxonomy = _locked_taxonomy(now)
    category = _locked_category(category_id, expected_version)
    if category.children.exists():
        raise CannotSave("There are categories below this one. Move or delete them first.")
    products = category.products.filter(deleted_at=None).count()
    if products:
        belong = "One product belongs" if products == 1 else f"{products} products belong"
        raise CannotSave(f"{belong} to this category. Say another category for them first.")
    # Only deleted products name it now; the ledger still knows what they were.
    entry = uuid7()
    category.products.update(category=None, category_source=Product.Source.NOBODY, entry_id=entry)
    category.entry_id = entry
    category.save(update_fields=["entry"])
    _bump(taxonomy, now)
    # A row that is gone names nothing, so this one goes after the entry that says so.
    record(
        "category.deleted",
        actor=by.pk,
        subject=f"category:{category_id}",
        now=now,
        uuid=entry,
        path=category.path,
        taxonomy_version=taxonomy.version,
        taxonomy_sha256=taxonomy.sha256,
    )
    category.delete()


def ensure_categories(*, paths: set[str], by: User | None, now: datetime) -> dict[str, Category]:
    """Return the category of each path; make what is missing, in one new taxonomy version.

    Runs inside the caller's transaction.
    """
    wanted = {above for path in paths for above in paths_above(path)}
    found = {
        category.path: category
        for category in Category.objects.select_for_update(no_key=True)
        .filter(path__in=wanted)
        .order_by("path")
    }
    if wanted <= found.keys():
        return found
    taxonomy = _locked_taxonomy(now)
    # Somebody may have made one of them while we waited.
    found |= {category.path: category for category in Category.objects.filter(path__in=wanted)}
    made = sorted(wanted - found.keys(), key=lambda path: (path.count(SEPARATOR), path))
    entry = uuid7()
    for path in made:
        above, _, name = path.rpartition(SEPARATOR)
        found[path] = _new_category(name, found[above] if above else None, entry, now)
    if made:
        _bump(taxonomy, now)
        record(
            "categories.created",
            actor=by.pk if by else None,
            subject="taxonomy",
            now=now,
            uuid=entry,
            paths=made if len(made) <= 100 else [*made[:100], "…"],
            count=len(made),
            taxonomy_version=taxonomy.version,
            taxonomy_sha256=taxonomy.sha256,
        )
    return found


def locked_category(*, path: str) -> Category:
    """Return the category at `path`, which nobody can delete until the transaction ends."""
    # The lock keeps the category from being deleted before the product that names it is
    # committed.
    category = Category.objects.select_for_update(no_key=True).filter(path=path).first()
    if category is None:
        raise UnknownCategory(path)
    return category


def _new_category(name: str, parent: Category | None, entry: UUID, now: datetime) -> Category:
    path = f"{parent.path}{SEPARATOR}{name}" if parent else name
    _check_place(path)
    category = Category(
        name=name,
        parent=parent,
        path=path,
        search_text=searchable(path),
        created_at=now,
        updated_at=now,
        entry_id=entry,
    )
    try:
        with transaction.atomic():
            category.save(force_insert=True)
    except IntegrityError as error:
        raise CannotSave(f"There is already a category “{path}”.") from error
    return category


def _check_place(path: str) -> None:
    if path.count(SEPARATOR) >= Category.DEEPEST:
        raise CannotSave(f"A category lies at most {Category.DEEPEST} levels deep.")
    if len(path) > Category.LONGEST_PATH:
        raise CannotSave(
            f"“{path[:60]}…” would be a path of {len(path)} characters; "
            f"{Category.LONGEST_PATH} are the most. Choose shorter names."
        )


def _locked_category(category_id: int, expected_version: int | None) -> Category:
    category = Category.objects.select_for_update(of=("self",)).get(pk=category_id)
    if expected_version is not None and category.version != expected_version:
        raise Stale(category.version)
    return category


def _locked_taxonomy(now: datetime) -> Taxonomy:
    # Every change of a category takes this lock first, so that versions follow one another.
    Taxonomy.objects.get_or_create(id=1, defaults={"changed_at": now, "sha256": _sha256([])})
    return Taxonomy.objects.select_for_update().get(id=1)


def _bump(taxonomy: Taxonomy, now: datetime) -> None:
    taxonomy.version += 1
    taxonomy.changed_at = now
    taxonomy.sha256 = _sha256(list(Category.objects.values_list("path", flat=True)))
    taxonomy.save(update_fields=["version", "changed_at", "sha256"])


def _sha256(paths: list[str]) -> str:
    text = json.dumps(sorted(paths), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
