from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from inventory import actions
from inventory.admin.writing import (
    CategoryPath,
    VersionedForm,
    WrittenByActions,
    person,
    told_version,
)
from inventory.models import SEPARATOR, Category
from lib import clock


class CategoryForm(VersionedForm):
    parent_path = CategoryPath(label="Below", help_text="Leave it empty for the top of the tree.")

    class Meta:
        model = Category
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None and self.instance.parent is not None:
            self.initial["parent_path"] = self.instance.parent.path

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable() or SEPARATOR.strip() in (name[0], name[-1]):
            raise ValidationError(f"A name neither begins nor ends with {SEPARATOR.strip()}.")
        return name


@admin.register(Category)
class CategoryAdmin(WrittenByActions):
    form = CategoryForm
    fields = ("name", "parent_path", "version")
    list_display = ("path", "version", "changed")
    search_fields = ("path",)
    search_help_text = "Part of its path."
    page_template = "admin/inventory/category/page.html"
    change_form_template = "admin/inventory/product/form.html"

    @admin.display(description="Changed (UTC)")
    def changed(self, category: Category) -> str:
        return f"{category.updated_at:%Y-%m-%d %H:%M}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return Category.objects.select_related("parent")

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        return {"title": row.path, "category": row, **self.about(request, row)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        name, parent = form.cleaned_data["name"], form.cleaned_data["parent_path"]
        if change:
            actions.update_category(
                category_id=obj.pk,
                fields={"name": name, "parent": parent},
                expected_version=form.cleaned_data["version"],
                by=person(request),
                now=clock.now(),
            )
        else:
            made = actions.create_category(
                name=name, parent=parent, by=person(request), now=clock.now()
            )
            obj.pk, obj.path = made.pk, made.path

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actions.delete_category(
            category_id=obj.pk,
            expected_version=told_version(request),
            by=person(request),
            now=clock.now(),
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        # The lowest first: one that has others below it cannot go before them.
        keys = queryset.order_by("-path").values_list("pk", flat=True)
        with transaction.atomic():
            for key in list(keys):
                actions.delete_category(category_id=key, by=person(request), now=clock.now())
