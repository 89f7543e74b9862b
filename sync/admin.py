"""What tablets sent, in the audit desk: what became of it, and what is contested."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from inventory.models import Product
from ledger import openings
from ledger.admin import PROGRAM, name_actors
from ledger.models import Entry
from lib.admin import BetweenDates, Input, ReadOnlyAdmin, TypedFilter
from sync.actions.settling import MOST_SKEW_MS
from sync.models import Change

_MOST_FOUND = 50


class ReceivedBetween(BetweenDates):
    def within(
        self, queryset: QuerySet[Any], *, since: datetime | None, until: datetime | None
    ) -> QuerySet[Any]:
        if since is not None:
            queryset = queryset.filter(received_at__gte=since)
        if until is not None:
            queryset = queryset.filter(received_at__lt=until)
        return queryset


class PersonFilter(TypedFilter):
    """By name, or by the number that stays when a name was erased."""

    title = "who did it"
    inputs = (Input("person", "Name or number in Shelfmark"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        told = self.used_parameters.get("person")
        return queryset.filter(person__in=_people(str(told))) if told else queryset


class ProductFilter(TypedFilter):
    title = "product"
    inputs = (Input("product", "Its number or SKU"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        told = self.used_parameters.get("product")
        return queryset.filter(product__in=_products(str(told))) if told else queryset


class SettledFilter(admin.SimpleListFilter):
    title = "contested"
    parameter_name = "contested"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("open", "Nobody has decided"), ("settled", "Decided")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        if self.value() is None:
            return queryset
        settled = Change.objects.filter(status=Change.Status.APPLIED, resolves__isnull=False)
        contested = queryset.filter(status=Change.Status.CONFLICT)
        match self.value():
            case "open":
                return contested.exclude(pk__in=settled.values("resolves"))
            case "settled":
                return contested.filter(pk__in=settled.values("resolves"))
        return queryset.none()


def _number(text: str) -> list[int]:
    return [int(text)] if text.isascii() and text.isdigit() and len(text) < 19 else []


def _people(text: str) -> list[int]:
    named = User.objects.filter(Q(username=text) | Q(display_name=text))
    return [*named.values_list("pk", flat=True)[:_MOST_FOUND], *_number(text)]


def _products(text: str) -> list[int]:
    found = Product.objects.filter(sku=text).values_list("pk", flat=True)
    return [*found[:_MOST_FOUND], *_number(text)]


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = ("received", "what", "of_product", "who", "became", "contested", "clock")
    list_filter = (
        "status", "kind", SettledFilter, ReceivedBetween, ProductFilter, PersonFilter,
    )  # fmt: skip
    search_fields = ("pk",)
    search_help_text = "A SKU, a product's number, who did it, or how it ended, such as conflict."
    order = ("received_at", "pk")
    page_template = "admin/sync/change/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        found: QuerySet[Change] = super().get_queryset(request)
        return found.select_related("person", "product")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Change], search_term: str
    ) -> tuple[QuerySet[Change], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(product__in=_products(term)) | Q(person__in=_people(term))
        return queryset.filter(wanted | Q(status=term.lower()) | Q(code=term.lower())), False

    def prepare(self, rows: Sequence[Any]) -> None:
        kept = openings.parts(row.pk for row in rows if row.status == Change.Status.CONFLICT)
        for row in rows:
            part = kept.get(row.pk, {}).get("details")
            row.told = part.value.get("contested", []) if part else []

    @admin.display(description="Received (UTC)")
    def received(self, change: Change) -> str:
        return f"{change.received_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="What")
    def what(self, change: Change) -> str:
        return change.get_kind_display()

    @admin.display(description="Product")
    def of_product(self, change: Change) -> str:
        if change.product is None:
            return "none"
        address = reverse("admin:inventory_product_change", args=[change.product_id])
        return format_html('<a href="{}">{}</a>', address, change.product.sku)

    @admin.display(description="Who did it")
    def who(self, change: Change) -> str:
        return str(change.person)

    @admin.display(description="What became of it")
    def became(self, change: Change) -> str:
        return f"{change.status}: {change.code}" if change.code else str(change.status)

    @admin.display(description="Contested: theirs and mine")
    def contested(self, change: Change) -> str:
        told = getattr(change, "told", [])
        return "; ".join(
            f"{one['what']}: {_shown(one['theirs'])} / {_shown(one['mine'])}" for one in told
        ) or ", ".join(change.result["contested"])

    @admin.display(description="Clock of the tablet")
    def clock(self, change: Change) -> str:
        return skew(change.skew_ms)

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        entry = Entry.objects.filter(uuid=row.pk).first()
        part = openings.parts([row.pk]).get(row.pk, {}).get("details")
        told: dict[str, Any] = part.value if part else {}
        contested = told.get("contested", [])
        named = [one["entry"] for one in contested if one["entry"]]
        others = list(Entry.objects.filter(uuid__in=named))
        name_actors(others)
        setters = {str(one.uuid): one for one in others}
        return {
            "title": f"{row.get_kind_display()}, {self.received(row)}",
            "change": row,
            "became": self.became(row),
            "clock": skew(row.skew_ms),
            "is_off": abs(row.skew_ms) > MOST_SKEW_MS,
            "entry": entry,
            "is_erased": part is None,
            "detail": told.get("detail"),
            "asked": [(name, _shown(value)) for name, value in told.get("asked", {}).items()],
            "contested": [
                {**one, "mine": _shown(one["mine"]), "theirs": _shown(one["theirs"]),
                 "setter": setters.get(one["entry"])}
                for one in contested
            ],
            "program": PROGRAM,
            "settled_by": row.resolved_by.select_related("person").order_by("received_at", "pk"),
            "effects": Entry.objects.filter(
                subject=f"product:{row.product_id}", at=row.received_at
            ).exclude(uuid=row.pk) if row.product_id else [],
        }  # fmt: skip


def skew(milliseconds: int) -> str:
    """Say how far a tablet's clock was off, in words."""
    seconds = round(abs(milliseconds) / 1000)
    if seconds == 0:
        return "as the server's"
    told = f"{seconds // 60} min" if seconds >= 120 else f"{seconds} s"
    return f"{told} {'ahead' if milliseconds > 0 else 'behind'}"


def _shown(value: Any) -> str:
    match value:
        case None | "":
            return "nothing"
        case {"sha256": digest, "characters": count}:
            return f"{count:,} characters, sha256 {digest[:12]}…"
        case dict():
            return ", ".join(f"{name}: {_shown(item)}" for name, item in value.items())
        case list():
            return f"{len(value)} more"
    return str(value)
