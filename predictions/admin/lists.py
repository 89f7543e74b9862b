"""The lists of predictions and reviews, and the CSV of predictions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import User
from inventory.models import Product
from ledger.actions import note_export
from lib import clock
from lib.admin import Exported, ReadOnlyAdmin
from lib.spreadsheet import Cell
from predictions import actions, notes
from predictions.admin import filters, live
from predictions.admin.lineage import lineage
from predictions.admin.recalls import StandingFilter
from predictions.models import Prediction, Review
from predictions.receipts import moment
from predictions.templatetags.audit_desk import meter
from registry.models import ModelVersion

_DIGEST = re.compile(r"[0-9a-f]{4,64}", re.ASCII | re.IGNORECASE)
_MOST_FOUND = 50


@admin.register(Prediction)
class PredictionAdmin(Exported, ReadOnlyAdmin):
    list_display = (
        "made",
        "of_product",
        "suggestion",
        "confidence",
        "decision_path",
        "doubtful",
        "by_model",
        "asked_by",
        "reviewed",
    )
    list_filter = (
        filters.MadeBetween,
        "decision_path",
        "needs_review",
        filters.ReviewFilter,
        StandingFilter,
        filters.CategoryFilter,
        filters.ProductFilter,
        filters.PersonFilter,
        filters.ModelFilter,
    )
    search_fields = ("pk",)
    search_help_text = "A receipt's id, a SKU, a product's number, or how a model's sha256 begins."
    page_template = "admin/predictions/prediction/page.html"

    export_columns = (
        "receipt_id", "made_at", "product_id", "sku", "product_version", "category",
        "confidence_ppm", "score", "threshold_ppm", "decision_path", "needs_review",
        "model_sha256", "taxonomy_version", "asked_by",
        "review", "reviewed_category", "reviewed_by", "reviewed_at", "note",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        reviews = Review.objects.select_related("reviewed_by").order_by("-pk")
        own = [field.name for field in Prediction._meta.concrete_fields]
        return (
            super()
            .get_queryset(request)
            .select_related("product", "asked_by")
            # A description has up to 20,000 characters, and a list shows none of them.
            .only(*own, "product__sku", "asked_by__username", "asked_by__display_name")
            .prefetch_related(Prefetch("reviews", queryset=reviews, to_attr="newest_first"))
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Prediction], search_term: str
    ) -> tuple[QuerySet[Prediction], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        # What a word stands for is looked up first: the database then reads one short list.
        found = list(Product.objects.filter(sku=term).values_list("pk", flat=True)[:_MOST_FOUND])
        if term.isascii() and term.isdigit() and len(term) < 19:
            found.append(int(term))
        wanted = Q(product__in=found)
        with suppress(ValueError):
            wanted |= Q(pk=UUID(term))
        if _DIGEST.fullmatch(term):
            versions = ModelVersion.objects.filter(pk__startswith=term.lower())
            if models := list(versions.values_list("pk", flat=True)[:_MOST_FOUND]):
                wanted |= Q(version__in=models)
        return queryset.filter(wanted), False

    @admin.display(description="Made (UTC)")
    def made(self, prediction: Prediction) -> str:
        return f"{prediction.made_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Product")
    def of_product(self, prediction: Prediction) -> str:
        if prediction.product is None:
            return "not stored"
        address = reverse("admin:inventory_product_change", args=[prediction.product_id])
        return format_html('<a href="{}">{}</a>', address, prediction.product.sku)

    @admin.display(description="Suggestion")
    def suggestion(self, prediction: Prediction) -> str:
        return prediction.label or "no suggestion"

    @admin.display(description="Confidence")
    def confidence(self, prediction: Prediction) -> str:
        return meter(prediction.confidence_ppm, prediction.threshold_ppm)

    @admin.display(description="Needs review")
    def doubtful(self, prediction: Prediction) -> str:
        return "yes" if prediction.needs_review else "no"

    @admin.display(description="Model")
    def by_model(self, prediction: Prediction) -> str:
        if prediction.version_id is None:
            return "none"
        address = reverse("admin:registry_modelversion_change", args=[prediction.version_id])
        return format_html('<a href="{}"><code>{}</code></a>', address, prediction.version_id[:12])

    @admin.display(description="Review")
    def reviewed(self, prediction: Prediction) -> str:
        reviews: list[Review] = getattr(prediction, "newest_first", [])
        if reviews:
            return str(reviews[0].outcome)
        return "waiting" if prediction.needs_review else "not needed"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.live_view)
        return [path("live/", view, name="predictions_prediction_live"), *super().get_urls()]

    def live_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with what was live at a moment."""
        return live.show(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        assert isinstance(request.user, User)
        if request.method == "GET":
            actions.note_look(prediction_id=row.pk, by=request.user, now=clock.now())
        return {"title": "Receipt", "subtitle": str(row.pk), **lineage(row)}

    def prepare_export(self, rows: Sequence[Any]) -> None:
        newest = [row.newest_first[0] for row in rows if row.newest_first]
        said = notes.of(newest)
        for review in newest:
            review.said = said.get(review.pk, "")

    def export_row(self, row: Any) -> Sequence[Cell]:
        review: Any = next(iter(row.newest_first), None)
        return (
            str(row.pk), moment(row.made_at), row.product_id,
            row.product.sku if row.product else None, row.product_version, row.label,
            row.confidence_ppm, row.score, row.threshold_ppm, row.decision_path, row.needs_review,
            row.version_id, row.taxonomy_version, row.asked_by.username,
            *(
                (review.outcome, review.label, review.reviewed_by.username,
                 moment(review.reviewed_at), review.said)
                if review
                else (None,) * 5
            ),
        )  # fmt: skip

    def note_export(
        self, request: HttpRequest, *, filters: Sequence[tuple[str, str]], rows: int
    ) -> None:
        assert isinstance(request.user, User)
        note_export(
            what="predictions",
            filters=filters,
            rows=rows,
            by=request.user.pk,
            now=clock.now(),
        )


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("when", "outcome", "label", "of_prediction", "reviewed_by", "note")
    list_filter = ("outcome",)
    list_select_related = ("reviewed_by",)
    search_fields = ("=prediction__id", "=reviewed_by__username")
    search_help_text = "A receipt's id, or who reviewed."
    fields = ("when", "outcome", "label", "note", "of_prediction", "reviewed_by")
    readonly_fields = fields

    @admin.display(description="Reviewed (UTC)")
    def when(self, review: Review) -> str:
        return f"{review.reviewed_at:%Y-%m-%d %H:%M:%S}"

    def prepare(self, rows: Sequence[Any]) -> None:
        said = notes.of(rows)
        for review in rows:
            review.said = said.get(review.pk, "")

    @admin.display(description="Note")
    def note(self, review: Review) -> str:
        if not hasattr(review, "said"):
            self.prepare([review])
        return str(getattr(review, "said", ""))

    @admin.display(description="Receipt")
    def of_prediction(self, review: Review) -> str:
        address = reverse("admin:predictions_prediction_change", args=[review.prediction_id])
        return format_html('<a href="{}"><code>{}</code></a>', address, review.prediction_id)
