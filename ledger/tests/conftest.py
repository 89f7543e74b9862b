"""A product in a category, for the tests of what is told about them."""

from __future__ import annotations

import pytest

from accounts.models import User
from inventory.actions import (
    create_category,
    create_product,
)
from inventory.models import Category, Product
from ledger.tests.telling import NOW


@pytest.fixture
def tools(admin: User) -> Category:
    return create_category(name="Tools", parent=None, by=admin, now=NOW)


@pytest.fixture
def drill(admin: User, tools: Category) -> Product:
    return create_product(
        fields={"sku": "D-1", "name": "Drill"}, category="Tools", by=admin, now=NOW
    )
