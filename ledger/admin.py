import hashlib
import json
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.models import Entry
from lib.admin import BetweenDates, Input, ReadOnlyAdmin, TypedFilter


class WrittenBetween(BetweenDates):
    def within(
        self, queryset: QuerySet[Any], *, since: datetime | None, until: datetime | None
    ) -> QuerySet[Any]:
        if since is not None:
            queryset = queryset.filter(at__gte=since)
        if until is not None:
            queryset = queryset.filter(at__lt=until)
        return queryset


class _Exactly(TypedFilter):
    """A column that says exactly this."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(**self.used_parameters)


class KindFilter(_Exactly):
    title = "kind"
    inputs = (Input("kind", "Such as prediction.made"),)


class SubjectFilter(_Exactly):
    title = "subject"
    inputs = (Input("subject", "Such as product:7"),)


class ActorFilter(TypedFilter):
    title = "who did it"
    inputs = (Input("actor", "Name in Shelfmark"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        name = self.used_parameters.get("actor")
        if name is None:
            return queryset
        person = get_user_model().objects.filter(username=name).first()
        return queryset.filter(actor_id=person.pk) if person else queryset.none()


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("written", "kind", "subject", "actor_id")
    list_filter = (WrittenBetween, KindFilter, SubjectFilter, ActorFilter)
    search_fields = ("=subject", "=kind")
    search_help_text = "A subject or a kind, each of them in full."
    page_template = "admin/ledger/entry/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        queryset: QuerySet[Entry] = super().get_queryset(request)
        # A list shows no bodies, and a body has up to 64 kilobytes.
        return queryset.defer("body")

    @admin.display(description="Written (UTC)")
    def written(self, entry: Entry) -> str:
        return f"{entry.at:%Y-%m-%d %H:%M:%S}"

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        body = row.content()
        content: dict[str, Any] = json.loads(body)
        return {
            "title": f"Entry {row.pk}",
            "entry": row,
            "text": body.decode(),
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            # A receipt has a page of its own that tells it better.
            "details": {
                name: json.dumps(value, ensure_ascii=False, indent=1)
                if isinstance(value, dict | list)
                else value
                for name, value in content.get("details", {}).items()
            },
            "is_receipt": row.kind == "prediction.made",
        }
