"""A tablet's copy of the catalogue, kept as the protocol says, and what it should hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from accounts.models import User
from inventory import actions
from inventory.api import ProductOutput
from inventory.models import Category, Product
from lib import clock

CHANGES = "/api/v1/sync/changes"

Rows = dict[tuple[str, int], dict[str, Any]]


@dataclass
class Mirror:
    client: Client
    limit: int = 500
    cursor: str = ""
    rows: Rows = field(default_factory=dict)
    pages: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, **headers: str) -> Any:
        query: dict[str, str | int] = {"cursor": self.cursor, "limit": self.limit}
        return self.client.get(CHANGES, query, headers=headers)

    def page(self) -> dict[str, Any]:
        """Take one page over."""
        answer = self.ask()
        assert answer.status_code == 200, answer.content
        page: dict[str, Any] = answer.json()
        if page["is_snapshot"] and not self.cursor:
            self.rows.clear()
        named = [(change["c"], change["id"]) for change in page["changes"]]
        assert len(named) == len(set(named)) <= self.limit
        for change in page["changes"]:
            self._take(change)
        self.cursor = page["cursor"]
        self.pages.append(page)
        return page

    def _take(self, change: dict[str, Any]) -> None:
        key = (change["c"], change["id"])
        if change["op"] == "delete":
            assert change["data"] is None
            self.rows.pop(key, None)
        elif key not in self.rows or self.rows[key]["version"] <= change["data"]["version"]:
            self.rows[key] = change["data"]

    def pull(self) -> Iterator[dict[str, Any]]:
        """Take pages over, until there is none."""
        while True:
            page = self.page()
            yield page
            if not page["has_more"]:
                return

    def pull_all(self) -> Mirror:
        for _ in self.pull():
            pass
        return self

    def shown(self) -> Rows:
        """Return the rows as a person sees them: a category's path is that of the category."""
        shown = {}
        for (what, key), row in self.rows.items():
            shown[what, key] = row
            if what == "product" and row["category_id"] is not None:
                path = self.rows["category", row["category_id"]]["path"]
                shown[what, key] = {**row, "category": path}
        return shown


def real() -> Rows:
    """Return what a mirror should show."""
    products = Product.objects.present().select_related("category")
    return {
        **{("product", one.pk): dict(ProductOutput(one).data) for one in products},
        **{
            ("category", one.pk): {"id": one.pk, "path": one.path, "version": one.version}
            for one in Category.objects.all()
        },
    }


def product(sku: str, by: User, category: str | None = None) -> Product:
    return actions.create_product(
        fields={"sku": sku, "name": f"Drill {sku}"}, category=category, by=by, now=clock.now()
    )


def change(product: Product, name: str, by: User) -> None:
    actions.update_product(product_id=product.pk, fields={"name": name}, by=by, now=clock.now())


def category(name: str, by: User, parent: str | None = None) -> Category:
    return actions.create_category(name=name, parent=parent, by=by, now=clock.now())
