"""What the admin is made of here: long lists, tables that only actions write, and exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst

from lib import spreadsheet
from lib.spreadsheet import Cell

BEFORE, AFTER = "before", "after"
_BETWEEN = "~"


class LongList(ChangeList):
    """A page of a long table, newest first.

    A page is found by the key it begins after, and rows are never counted: the last page costs
    what the first one does.
    """

    newer: str | None
    older: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        # Where a page begins is no filter, and links to a filter begin at the first page.
        for name in (BEFORE, AFTER):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return [f"-{name}" for name in self._order()]

    def get_results(self, request: HttpRequest) -> None:
        before, after = (self._key(request.GET.get(name)) for name in (BEFORE, AFTER))
        size = self.list_per_page
        if after is not None:
            rows = list(
                self.queryset.filter(self._beyond(after, "gt")).order_by(*self._order())[: size + 1]
            )
            has_newer, has_older = len(rows) > size, True
            rows = rows[:size][::-1]
        else:
            found = self.queryset
            if before is not None:
                found = found.filter(self._beyond(before, "lt"))
            rows = list(found[: size + 1])
            has_newer, has_older = before is not None, len(rows) > size
            rows = rows[:size]
        self.newer = self._page(AFTER, rows[0]) if rows and has_newer else None
        self.older = self._page(BEFORE, rows[-1]) if rows and has_older else None
        assert isinstance(self.model_admin, LongListAdmin)
        self.model_admin.prepare(rows)
        self.result_list = rows
        self.result_count = len(rows)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = bool(rows)
        self.can_show_all = self.multi_page = False

    def _order(self) -> Sequence[str]:
        assert isinstance(self.model_admin, LongListAdmin)
        return self.model_admin.order

    def _beyond(self, key: Sequence[Any], way: str) -> Q:
        """Return the condition that a row comes after this key (gt), or before it (lt)."""
        found, same = Q(), Q()
        for name, value in zip(self._order(), key, strict=True):
            found |= same & Q(**{f"{name}__{way}": value})
            same &= Q(**{name: value})
        return found

    def _page(self, parameter: str, row: Any) -> str:
        key = _BETWEEN.join(str(getattr(row, name)) for name in self._order())
        return self.get_query_string({parameter: key})

    def _key(self, text: str | None) -> Sequence[Any] | None:
        if text is None:
            return None
        order, told = self._order(), text.split(_BETWEEN)
        if len(order) != len(told):
            raise IncorrectLookupParameters
        known = {field.name: field for field in self.lookup_opts.concrete_fields}
        fields = [self.lookup_opts.pk if name == "pk" else known[name] for name in order]
        try:
            return [field.to_python(value) for field, value in zip(fields, told, strict=True)]
        except ValidationError as error:
            raise IncorrectLookupParameters from error


class LongListAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A table that may be long.

    With a `page_template`, a row has a page of its own to read; `page` says what is on it.
    """

    page_template: str | None = None
    # By what newer rows are above older ones. The last of these makes it unambiguous.
    order: Sequence[str] = ("pk",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongList

    def prepare(self, rows: Sequence[Any]) -> None:
        """Fetch what the columns show besides, once for all rows of a page."""

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        return {}

    def show_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Answer with the page of a row, to whoever may view it and only looks."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request, row):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": str(row),
            "opts": self.opts,
            "original": row,
            **self.page(request, row),
        }
        return TemplateResponse(request, self.page_template or "admin/page.html", context)


class ReadOnlyAdmin(LongListAdmin):
    """Shows rows to whoever may view them, and lets nobody change them here."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.page_template is None:
            return super().change_view(request, object_id, form_url, extra_context)
        row = self.get_object(request, unquote(object_id))
        if row is not None:
            return self.show_page(request, row)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().change_view(request, object_id, form_url, extra_context)


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to type into a filter."""

    name: str
    label: str
    kind: str = "text"
    suggestions: Sequence[str] = ()


class TypedFilter(admin.ListFilter):
    """A filter whose values are typed: there are too many to choose from."""

    template = "admin/typed_filter.html"
    inputs: tuple[Input, ...] = ()

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: admin.ModelAdmin[Any],
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self._names():
            if value := params.pop(name, [""])[-1].strip():
                self.used_parameters[name] = value

    def _names(self) -> list[str]:
        return [one.name for one in self.inputs]

    def expected_parameters(self) -> list[str | None]:
        return [*self._names()]

    def has_output(self) -> bool:
        return True

    def suggestions(self, name: str) -> Iterable[str]:
        return ()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        others = {
            name: values
            for name, values in changelist.filter_params.items()
            if name not in self._names()
        }
        yield {
            "inputs": [
                {
                    "input": one,
                    "value": self.used_parameters.get(one.name, ""),
                    "suggestions": list(self.suggestions(one.name)),
                }
                for one in self.inputs
            ],
            "hidden": [(name, value) for name, values in others.items() for value in values],
            "clear": changelist.get_query_string(remove=self._names()),
            "is_used": bool(self.used_parameters),
        }


class BetweenDates(TypedFilter):
    """From one day to another, both of them whole, in UTC as everything here."""

    title = "date"
    inputs = (Input("from_date", "From", "date"), Input("to_date", "To", "date"))

    def within(
        self, queryset: QuerySet[Any], *, since: datetime | None, until: datetime | None
    ) -> QuerySet[Any]:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            since, until = (self._day(name) for name in ("from_date", "to_date"))
            if until is not None:
                until += timedelta(days=1)
        except (ValueError, OverflowError):
            # Leaving the filter out would show, and export, what was not asked for.
            messages.error(request, "This is no date. Write it like 2026-11-20.")
            return queryset.none()
        return self.within(queryset, since=since, until=until)

    def _day(self, name: str) -> datetime | None:
        text = self.used_parameters.get(name)
        if not text:
            return None
        return datetime.combine(date.fromisoformat(str(text)), time(), UTC)


# Exports


def pages(queryset: QuerySet[Any], *, size: int = 1000) -> Iterator[Sequence[Any]]:
    """Yield every row, newest first, page by page.

    Each page is a query of its own: no cursor stays open while somebody's connection is slow.
    """
    queryset = queryset.order_by("-pk")
    page = list(queryset[:size])
    while page:
        yield page
        page = list(queryset.filter(pk__lt=page[-1].pk)[:size]) if len(page) == size else []


class Exported(admin.ModelAdmin):  # type: ignore[type-arg]  # as above
    """Lets whoever may view the rows take the filtered list away as CSV, and writes that down."""

    export_columns: Sequence[str] = ()

    def prepare_export(self, rows: Sequence[Any]) -> None:
        """Fetch what `export_row` needs besides, once for a thousand rows."""

    def export_row(self, row: Any) -> Sequence[Cell]:
        raise NotImplementedError

    def note_export(
        self, request: HttpRequest, *, filters: Sequence[tuple[str, str]], rows: int
    ) -> None:
        """Write into the ledger what is about to leave the house."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view: Callable[..., Any] = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        # It writes into the ledger, so a link or a picture on another site must not do it.
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            listed = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponse("The filter cannot be understood. Set it again.", status=400)
        filters = [
            (name, value) for name, values in sorted(request.GET.lists()) for value in values
        ]
        self.note_export(request, filters=filters, rows=listed.queryset.count())
        response = StreamingHttpResponse(
            spreadsheet.lines(self.export_columns, self._exported(listed.queryset)),
            content_type="text/csv; charset=utf-8",
        )
        response["Content-Disposition"] = f'attachment; filename="{self.opts.model_name}s.csv"'
        response["Cache-Control"] = "no-store"
        return response

    def _exported(self, queryset: QuerySet[Any]) -> Iterator[Sequence[Cell]]:
        for page in pages(queryset):
            self.prepare_export(page)
            yield from map(self.export_row, page)
