"""By what the list of predictions can be narrowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from inventory.models import SEPARATOR, Category
from lib.admin import BetweenDates, Input, TypedFilter
from predictions.models import Prediction, PredictionQuerySet, Review
from predictions.recalls import answered_by
from registry.models import ModelVersion

_MOST_SUGGESTIONS = 300
_MOST_MODELS = 20


def newest_reviews() -> QuerySet[Review]:
    """Return what people said last: a prediction may be reviewed again."""
    newer = Review.objects.filter(prediction=OuterRef("prediction"), pk__gt=OuterRef("pk"))
    return Review.objects.filter(~Exists(newer))


class MadeBetween(BetweenDates):
    def within(
        self, queryset: QuerySet[Any], *, since: datetime | None, until: datetime | None
    ) -> QuerySet[Any]:
        assert isinstance(queryset, PredictionQuerySet)
        return queryset.made_between(since, until)


class ReviewFilter(admin.SimpleListFilter):
    title = "review"
    parameter_name = "review"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            ("reviewed", "Reviewed"),
            ("accepted", "Accepted"),
            ("corrected", "Corrected"),
            ("unreviewed", "Not reviewed"),
            ("waiting", "Waiting for a person"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Prediction]
    ) -> QuerySet[Prediction]:
        reviewed = Exists(Review.objects.filter(prediction=OuterRef("pk")))
        match self.value():
            case "accepted" | "corrected" as outcome:
                last = newest_reviews().filter(outcome=outcome)
                return queryset.filter(pk__in=last.values("prediction"))
            case "reviewed":
                return queryset.filter(pk__in=Review.objects.values("prediction"))
            case "unreviewed":
                return queryset.filter(~reviewed)
            case "waiting":
                return queryset.filter(~reviewed, needs_review=True)
            case None:
                return queryset
            case _:
                return queryset.none()


class ModelFilter(admin.SimpleListFilter):
    """The newest models to choose from; the address takes the sha256 of any other too."""

    title = "model"
    parameter_name = "model"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        newest = ModelVersion.objects.order_by("-submitted_at", "kind").values_list("pk", "kind")
        return [(sha256, f"{kind} {sha256[:12]}") for sha256, kind in newest[:_MOST_MODELS]]

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield from super().choices(changelist)
        value = self.value()
        if value and value not in {choice for choice, _ in self.lookup_choices}:
            yield {
                "selected": True,
                "query_string": changelist.get_query_string(),
                "display": value[:12],
            }

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Prediction]
    ) -> QuerySet[Prediction]:
        told = self.value()
        return answered_by(queryset, told) if told else queryset


class PersonFilter(TypedFilter):
    """By name, or by the number that stays when a name was erased."""

    title = "who asked"
    inputs = (Input("person", "Name or number in Shelfmark"),)

    def suggestions(self, name: str) -> Iterable[str]:
        return User.objects.order_by("username").values_list("username", flat=True)[
            :_MOST_SUGGESTIONS
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Prediction]
    ) -> QuerySet[Prediction]:
        if told := self.used_parameters.get("person"):
            text = str(told)
            person = User.objects.filter(username=text).values_list("pk", flat=True).first()
            if person is None and text.isascii() and text.isdigit() and len(text) < 19:
                person = int(text)
            return queryset.filter(asked_by=person) if person else queryset.none()
        return queryset


class CategoryFilter(TypedFilter):
    title = "suggested category"
    inputs = (Input("category", "In or below"),)

    def suggestions(self, name: str) -> Iterable[str]:
        return Category.objects.order_by("path").values_list("path", flat=True)[:_MOST_SUGGESTIONS]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Prediction]
    ) -> QuerySet[Prediction]:
        if path := self.used_parameters.get("category"):
            return queryset.filter(Q(label=path) | Q(label__startswith=f"{path}{SEPARATOR}"))
        return queryset


class ProductFilter(TypedFilter):
    """One product and no other: a search for its number also finds SKUs that look like it."""

    title = "product"
    inputs = (Input("product", "Its number"),)

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Prediction]
    ) -> QuerySet[Prediction]:
        if number := self.used_parameters.get("product"):
            text = str(number)
            is_number = text.isascii() and text.isdigit() and len(text) < 19
            return queryset.filter(product=int(text)) if is_number else queryset.none()
        return queryset
