"""Products and categories over HTTP."""

from inventory.api.categories import (
    Categories,
    CategoryChange,
    CategoryDetail,
    CategoryInput,
    CategoryOutput,
)
from inventory.api.products import (
    CategoryChoice,
    ProductCategory,
    ProductChange,
    ProductDetail,
    ProductInput,
    ProductOutput,
    Products,
)
from inventory.api.requests import IF_MATCH

__all__ = [
    "IF_MATCH",
    "Categories",
    "CategoryChange",
    "CategoryChoice",
    "CategoryDetail",
    "CategoryInput",
    "CategoryOutput",
    "ProductCategory",
    "ProductChange",
    "ProductDetail",
    "ProductInput",
    "ProductOutput",
    "Products",
]
