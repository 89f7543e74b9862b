"""The log as the audit desk shows it: its entries, and how it is doing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from ledger.commitments import commitment
from ledger.models import Entry
from ledger.standing import kept_apart, standing
from ledger.status import status
from lib import clock
from lib.admin import BetweenDates, Input, ReadOnlyAdmin, TypedFilter

PROGRAM = "the program"


def name_actors(entries: Sequence[Any]) -> None:
    """Give each entry the `actor_name` that its actor has today, in one query for all of them."""
    people = get_user_model().objects.filter(pk__in={entry.actor_id for entry in entries} - {None})
    names = dict(people.values_list("pk", "username"))
    for entry in entries:
        number = entry.actor_id
        entry.actor_name = PROGRAM if number is None else names.get(number, f"number {number}")


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
    """By name, or by the number that stays when a name was erased."""

    title = "who did it"
    inputs = (Input("actor", "Name or number in Shelfmark"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        told = self.used_parameters.get("actor")
        if told is None:
            return queryset
        text = str(told)
        people = get_user_model().objects.filter(username=text)
        actor = people.values_list("pk", flat=True).first()
        if actor is None and text.isascii() and text.isdigit() and len(text) < 19:
            actor = int(text)
        return queryset.filter(actor_id=actor) if actor else queryset.none()


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("written", "kind", "subject", "actor")
    list_filter = (WrittenBetween, KindFilter, SubjectFilter, ActorFilter)
    search_fields = ("=subject", "=kind")
    search_help_text = "A subject or a kind, each of them in full."
    page_template = "admin/ledger/entry/page.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.status_view)
        return [path("status/", view, name="ledger_entry_status"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        queryset: QuerySet[Entry] = super().get_queryset(request)
        # A list shows no bodies, and a body has up to 64 kilobytes.
        return queryset.defer("body")

    def prepare(self, rows: Sequence[Any]) -> None:
        name_actors(rows)

    @admin.display(description="Written (UTC)")
    def written(self, entry: Entry) -> str:
        return f"{entry.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Who did it")
    def actor(self, entry: Entry) -> str:
        return str(getattr(entry, "actor_name", entry.actor_id))

    def status_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with how the log is doing."""
        if request.method not in ("GET", "HEAD") or not request.user.has_perm("ledger.audit"):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "State of the log",
            "opts": self.opts,
            **status(now=clock.now()),
        }
        return TemplateResponse(request, "admin/ledger/entry/status.html", context)

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        body = row.content()
        content: dict[str, Any] = json.loads(body)
        kept = kept_apart(row)
        opened = kept.opened
        name_actors([row])
        missing = [part for part in _committed(content) if part not in opened]
        return {
            "title": f"Entry {row.pk}",
            "entry": row,
            "actor": self.actor(row),
            "standing": standing(row),
            "text": body.decode(),
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            # A receipt has a page of its own that tells it better.
            "details": _told(content.get("details", {})),
            "private": _told(opened["details"].value) if "details" in opened else {},
            "opens": [
                (part, commitment(opened[part].salt, opened[part].data) == committed)
                for part, committed in _committed(content).items()
                if part in opened
            ],
            "missing": missing,
            "erasures": kept.erasures,
            "is_receipt": row.kind == "prediction.made",
        }


def _committed(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the commitments in the body of an entry or receipt, by the part that opens them."""
    if content["format"].endswith("/1"):
        return {}  # it tells everything itself
    asked_by = content.get("asked_by", {})
    found = {
        "actor": asked_by.get("person_commitment") or content.get("actor"),
        "details": content.get("private"),
        "input": content.get("input_commitment"),
        "device": asked_by.get("device_commitment"),
    }
    return {part: committed for part, committed in found.items() if committed}


def _told(details: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: json.dumps(value, ensure_ascii=False, indent=1)
        if isinstance(value, dict | list)
        else value
        for name, value in details.items()
    }
