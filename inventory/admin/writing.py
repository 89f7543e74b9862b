"""How a form of the admin becomes an action, and a refusal of an action a sentence in the form."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from inventory.actions import CannotSave, Stale, UnknownCategory
from inventory.models import Category, Product
from ledger.models import Entry
from lib.admin import LongListAdmin
from lib.api import text_fault

REFUSALS = (CannotSave, Stale, UnknownCategory)
_MOST_SUGGESTIONS = 1000
_MOST_ENTRIES = 20


class PathInput(forms.TextInput):
    """A text field that suggests the paths of categories as one types."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        suggestions = f"{name}-paths"
        field = super().render(name, value, {**(attrs or {}), "list": suggestions}, renderer)
        paths = Category.objects.order_by("path").values_list("path")[:_MOST_SUGGESTIONS]
        options = format_html_join("", '<option value="{}"></option>', paths)
        return format_html('{}<datalist id="{}">{}</datalist>', field, suggestions, options)


class CategoryPath(forms.CharField):
    """The path of a category that is there, or nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=PathInput(attrs={"size": 60}), **options)

    def clean(self, value: Any) -> str | None:
        path: str = super().clean(value)
        if path and not Category.objects.filter(path=path).exists():
            raise forms.ValidationError(str(UnknownCategory(path)))
        return path or None


class VersionedForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A form that knows which version it was filled in from, and why it was refused."""

    refusal: Exception | None = None
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["version"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name, value in data.items():
            if isinstance(value, str) and (fault := text_fault(value)):
                self.add_error(name, fault)
        if self.instance.pk is not None and data.get("version") is None:
            raise forms.ValidationError("This form is not whole. Open the page again.")
        if self.refusal is not None:
            raise forms.ValidationError(str(self.refusal))
        return data


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def told_version(request: HttpRequest) -> int | None:
    """Return the version that somebody was shown before they said yes."""
    with suppress(ValueError):
        return int(request.POST.get("version", ""))
    return None


class WrittenByActions(LongListAdmin):
    """A table whose rows are written by actions, in the name of whoever is signed in.

    An action that refuses has written nothing; what it says is shown in the form. The ledger is
    the history of a row, so Django's own log is not written a second time.
    """

    page_template: str | None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        # The class was made for this request only.
        form.refusal = getattr(request, "refusal", None)  # type: ignore[attr-defined]
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, unquote(object_id)) if object_id is not None else None
        if row is not None and not self.has_change_permission(request, row):
            return self.show_page(request, row)
        extra = {**(extra_context or {}), **(self.about(request, row) if row is not None else {})}
        try:
            return super().changeform_view(request, object_id, form_url, extra)
        except REFUSALS as error:
            # Once more, for the form with what was typed and why it was refused.
            request.refusal = error  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra)

    def about(self, request: HttpRequest, row: Any) -> dict[str, object]:
        """Return what a page shows besides the fields."""
        subject = f"{self.opts.model_name}:{row.pk}"
        return {
            "subject": subject,
            "entries": Entry.objects.filter(subject=subject)
            .defer("body")
            .order_by("-pk")[:_MOST_ENTRIES],
        }

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        return self.about(request, row)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except REFUSALS as error:
            messages.error(request, str(error))
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(name, args=[object_id]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        try:
            return super().changelist_view(request, extra_context)
        except REFUSALS as error:
            messages.error(request, f"{error} Nothing was changed.")
            return HttpResponseRedirect(request.get_full_path())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        address = reverse("admin:ledger_entry_changelist")
        return HttpResponseRedirect(
            f"{address}?subject={self.opts.model_name}:{unquote(object_id)}"
        )

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        # What stands in the way is for the action to say: most of what names a row stays.
        rows = list(objs)
        missing = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return [str(row) for row in rows], {self.opts.verbose_name_plural: len(rows)}, missing, []

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return None


def choice(product: Product) -> str | None:
    return product.category.path if product.category else None
