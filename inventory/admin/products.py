from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import User
from inventory import actions
from inventory.admin.writing import (
    CategoryPath,
    VersionedForm,
    WrittenByActions,
    choice,
    person,
    told_version,
)
from inventory.csv_import import FIELDS
from inventory.models import Category, Product, ProductFields, read_gtin
from ledger.actions import note_export
from lib import clock
from lib.admin import Exported, Input, TypedFilter
from lib.spreadsheet import Cell

_TEXTS = ("sku", "name", "description", "brand")
_NUMBERS = ("width_mm", "height_mm", "depth_mm", "weight_g", "price")


class ProductForm(VersionedForm):
    gtin_text = forms.CharField(label="GTIN", required=False)
    category_path = CategoryPath(label="Category")

    class Meta:
        model = Product
        fields = (*_TEXTS, *_NUMBERS)
        labels = {
            "width_mm": "Width (mm)",
            "height_mm": "Height (mm)",
            "depth_mm": "Depth (mm)",
            "weight_g": "Weight (g)",
        }
        widgets = {
            "name": forms.TextInput(attrs={"size": 60}),
            "brand": forms.TextInput(attrs={"size": 60}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["gtin_text"] = self.instance.gtin_text
            self.initial["category_path"] = choice(self.instance)

    def clean_gtin_text(self) -> int | None:
        text = self.cleaned_data["gtin_text"]
        return read_gtin(text) if text else None

    def clean_sku(self) -> str:
        sku: str = self.cleaned_data["sku"]
        if not sku.isprintable():
            raise ValidationError("Leave out line breaks and other invisible characters.")
        return sku

    def asked(self) -> ProductFields:
        """Return the fields as the actions take them."""
        fields = {name: self.cleaned_data[name] for name in (*_TEXTS, *_NUMBERS)}
        return cast(ProductFields, {**fields, "gtin": self.cleaned_data["gtin_text"]})


class Present(admin.SimpleListFilter):
    """What was deleted keeps its row for the receipts that name it."""

    title = "presence"
    parameter_name = "deleted"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("yes", "Deleted"), ("all", "Both")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "In the catalogue"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        match self.value():
            case "all":
                return queryset
            case "yes":
                return queryset.exclude(deleted_at=None)
            case _:
                return queryset.filter(deleted_at=None)


class Within(TypedFilter):
    title = "category"
    inputs = (Input("category", "In or below"),)

    def suggestions(self, name: str) -> Iterable[str]:
        return Category.objects.order_by("path").values_list("path", flat=True)[:300]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> QuerySet[Product]:
        if path := self.used_parameters.get("category"):
            return queryset.filter(category__in=Category.objects.within(str(path)))
        return queryset


class SayForm(forms.Form):
    category = CategoryPath(label="Category")

    def clean_category(self) -> str:
        path: str | None = self.cleaned_data["category"]
        if path is None:
            raise ValidationError("Say which category.")
        return path


@admin.register(Product)
class ProductAdmin(Exported, WrittenByActions):
    form = ProductForm
    fieldsets = (
        (None, {"fields": ("sku", "gtin_text", "name", "brand", "description", "category_path")}),
        ("Measures", {"fields": _NUMBERS}),
        (None, {"fields": ("version",), "classes": ("hidden",)}),
    )
    list_display = ("sku", "name", "category", "category_source", "changed")
    list_filter = (Present, "category_source", Within)
    list_select_related = ("category",)
    search_fields = ("sku",)
    search_help_text = "Words of its name or brand, how its SKU begins, or its GTIN."
    actions = ("say_category",)
    page_template = "admin/inventory/product/page.html"
    change_form_template = "admin/inventory/product/form.html"

    # A file that `import_products` takes back as it is.
    export_columns = FIELDS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return Product.objects.select_related("category")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        found = Product.objects.search(search_term).values("pk")
        return (queryset.filter(pk__in=found) if search_term.strip() else queryset), False

    def has_change_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        is_gone = obj is not None and obj.deleted_at is not None
        return not is_gone and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        is_gone = obj is not None and obj.deleted_at is not None
        return not is_gone and super().has_delete_permission(request, obj)

    def has_categorize_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inventory.categorize_product")

    @admin.display(description="Changed (UTC)")
    def changed(self, product: Product) -> str:
        return f"{product.updated_at:%Y-%m-%d %H:%M}"

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        return {"title": str(row), "product": row, **self.about(request, row)}

    # Writing

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        path = form.cleaned_data["category_path"]
        if change:
            actions.update_product(
                product_id=obj.pk,
                fields=form.asked(),
                expected_version=form.cleaned_data["version"],
                by=person(request),
                now=clock.now(),
                **({"category": path} if "category_path" in form.changed_data else {}),
            )
        else:
            made = actions.create_product(
                fields=form.asked(), category=path, by=person(request), now=clock.now()
            )
            # Where the browser goes next is told by the key.
            obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actions.delete_product(
            product_id=obj.pk,
            expected_version=told_version(request),
            by=person(request),
            now=clock.now(),
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        keys = queryset.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True)
        with transaction.atomic():
            for key in list(keys):
                actions.delete_product(product_id=key, by=person(request), now=clock.now())

    @admin.action(description="Say which category they belong to", permissions=["categorize"])
    def say_category(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> HttpResponse | None:
        form = SayForm(request.POST if "say" in request.POST else None)
        products = list(queryset.filter(deleted_at=None).order_by("pk"))
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": "Say which category they belong to",
                "opts": self.opts,
                "form": form,
                "products": products,
                "shown": json.dumps({product.pk: product.version for product in products}),
            }
            return TemplateResponse(request, "admin/inventory/product/say_category.html", context)
        shown = _versions(request.POST.get("shown", ""))
        with transaction.atomic():
            for product in products:
                actions.categorize(
                    product_id=product.pk,
                    category=form.cleaned_data["category"],
                    source=Product.Source.PERSON,
                    expected_version=shown.get(product.pk, 0),
                    by=person(request),
                    now=clock.now(),
                )
        messages.success(
            request,
            f"{len(products)} products belong to {form.cleaned_data['category']} now.",
        )
        return None

    # Export

    def export_row(self, row: Any) -> Sequence[Cell]:
        return (
            row.sku, row.name, row.description, row.brand, row.gtin_text,
            row.width_mm, row.height_mm, row.depth_mm, row.weight_g, row.price, choice(row),
        )  # fmt: skip

    def note_export(
        self, request: HttpRequest, *, filters: Sequence[tuple[str, str]], rows: int
    ) -> None:
        by: User = person(request)
        note_export(what="products", filters=filters, rows=rows, by=by.pk, now=clock.now())


def _versions(text: str) -> dict[int, int]:
    """Return the versions that somebody saw; nothing for what was tampered with."""
    try:
        return {int(key): int(version) for key, version in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError):
        return {}
