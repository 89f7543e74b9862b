"""Recalls in the audit desk: what became of a model's answers, and putting them back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import User
from lib import clock
from lib.admin import ReadOnlyAdmin
from predictions.actions.recalls import CannotRecall, recall
from predictions.models import Prediction, Recall
from predictions.recalls import STANDINGS, numbers, to_requeue
from registry.models import Deployment, ModelVersion

MAY = "predictions.recall"


class StandingFilter(admin.SimpleListFilter):
    title = "what became of it"
    parameter_name = "standing"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(name, sentence) for name, (sentence, _) in STANDINGS.items()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Prediction]
    ) -> QuerySet[Prediction]:
        told = self.value()
        if told is None:
            return queryset
        return queryset.filter(STANDINGS[told][1]) if told in STANDINGS else queryset.none()


@admin.register(Recall)
class RecallAdmin(ReadOnlyAdmin):
    list_display = ("recalled", "of_version", "recalled_by", "reason", "put_back")
    list_select_related = ("recalled_by",)
    fields = ("recalled", "of_version", "recalled_by", "reason")
    readonly_fields = fields
    change_list_template = "admin/predictions/recall/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        found: QuerySet[Recall] = super().get_queryset(request)
        return found.annotate(count=Count("requeued"))

    @admin.display(description="Recalled (UTC)")
    def recalled(self, made: Recall) -> str:
        return f"{made.recalled_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Model")
    def of_version(self, made: Recall) -> str:
        address = reverse("admin:predictions_recall_model", args=[made.version_id])
        return format_html('<a href="{}"><code>{}</code></a>', address, made.version_id[:12])

    @admin.display(description="Put back before people")
    def put_back(self, made: Recall) -> str:
        return f"{getattr(made, 'count', 0):,}"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("model/", wrap(self.find_view), name="predictions_recall_find"),
            path("model/<str:sha256>/", wrap(self.model_view), name="predictions_recall_model"),
            *super().get_urls(),
        ]

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Lead on to a model by how its digest begins."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        told = request.GET.get("sha256", "").strip().lower()
        found = list(
            ModelVersion.objects.filter(pk__startswith=told).values_list("pk", flat=True)[:2]
        )
        if told and len(found) == 1:
            return redirect("admin:predictions_recall_model", found[0])
        messages.error(
            request,
            f"{'Several models' if found else 'No model here'} with a sha256 that begins with "
            f"“{told[:64]}”. Write more of it."
            if told
            else "Write the sha256 of a model, or how it begins.",
        )
        return redirect("admin:predictions_recall_changelist")

    def model_view(self, request: HttpRequest, sha256: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = ModelVersion.objects.filter(pk=sha256).defer("card", "golden").first()
        if version is None:
            raise Http404("There is no such model.")
        if request.method == "POST":
            if not request.user.has_perm(MAY):
                raise PermissionDenied
            self._recall(request, sha256)
            return redirect("admin:predictions_recall_model", sha256)
        counts = numbers(sha256)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Recall of {version}",
            "opts": self.opts,
            "version": version,
            "total": counts["total"],
            "standings": [
                (name, sentence, counts[name]) for name, (sentence, _) in STANDINGS.items()
            ],
            "would_return": to_requeue(sha256).count(),
            "answers_as": Deployment.objects.open().filter(version=sha256).first(),
            "recalls": Recall.objects.filter(version=sha256)
            .select_related("recalled_by")
            .annotate(count=Count("requeued"))
            .order_by("-pk"),
            "may_recall": request.user.has_perm(MAY),
        }
        return TemplateResponse(request, "admin/predictions/recall/model.html", context)

    def _recall(self, request: HttpRequest, sha256: str) -> None:
        assert isinstance(request.user, User)
        try:
            _, count = recall(
                sha256=sha256,
                reason=request.POST.get("reason", ""),
                by=request.user,
                now=clock.now(),
            )
        except CannotRecall as error:
            messages.error(request, str(error))
            return
        messages.success(
            request,
            f"{count:,} {'answer waits' if count == 1 else 'answers wait'} for a person now."
            if count
            else "Nothing was left to put back: the model was recalled before.",
        )
