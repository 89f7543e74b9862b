"""What may happen to products and categories, one function for each."""

from inventory.actions.categories import (
    CategoryFields,
    create_category,
    delete_category,
    ensure_categories,
    update_category,
)
from inventory.actions.products import (
    ImportResult,
    categorize,
    create_product,
    delete_product,
    import_products,
    update_product,
)
from inventory.actions.refusals import CannotSave, Stale, UnknownCategory

__all__ = [
    "CannotSave",
    "CategoryFields",
    "ImportResult",
    "Stale",
    "UnknownCategory",
    "categorize",
    "create_category",
    "create_product",
    "delete_category",
    "delete_product",
    "ensure_categories",
    "import_products",
    "update_category",
    "update_product",
]
