"""Products and categories in the admin. Everything is written through `inventory.actions`."""

from inventory.admin.categories import CategoryAdmin
from inventory.admin.products import ProductAdmin

__all__ = ["CategoryAdmin", "ProductAdmin"]
