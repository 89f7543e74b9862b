"""Models as the audit desk shows them: what they are, who let them in, and when they answered."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from ledger.admin import name_actors
from ledger.models import Entry
from lib.admin import ReadOnlyAdmin
from registry import files
from registry.models import Approval, Deployment, ModelVersion


def _link(version_id: str) -> str:
    address = reverse("admin:registry_modelversion_change", args=[version_id])
    return format_html('<a href="{}"><code>{}</code></a>', address, version_id[:12])


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = (
        "digest",
        "kind",
        "status",
        "answers_as",
        "trained_on",
        "submitted_by",
        "submitted",
    )
    list_filter = ("kind", "status")
    search_fields = ("^sha256", "^dataset_sha256")
    search_help_text = "How the sha256 of a model or of its dataset begins."
    page_template = "admin/registry/modelversion/page.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .select_related("submitted_by")
            .defer("golden")
            .prefetch_related("deployments")
        )

    @admin.display(description="Model (sha256)")
    def digest(self, version: ModelVersion) -> str:
        return version.sha256[:12]

    @admin.display(description="Answers as")
    def answers_as(self, version: ModelVersion) -> str:
        roles = [str(one.role) for one in version.deployments.all() if one.ended_at is None]
        return ", ".join(roles) or "nobody now"

    @admin.display(description="Dataset (sha256)")
    def trained_on(self, version: ModelVersion) -> str:
        return version.dataset_sha256[:12]

    @admin.display(description="Registered (UTC)")
    def submitted(self, version: ModelVersion) -> str:
        return f"{version.submitted_at:%Y-%m-%d %H:%M}"

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        card = json.loads(row.card)
        entries = list(Entry.objects.filter(subject=row.sha256).defer("body").order_by("-pk")[:20])
        name_actors(entries)
        trouble = ""
        try:
            # Reads the whole file, which is why no list does this.
            files.check(row.sha256, kind=row.kind, size=row.bytes)
        except files.WrongFile as error:
            trouble = str(error)
        return {
            "title": f"Model {row.sha256[:12]}",
            "version": row,
            "card": card,
            "metrics": _metrics(card, row.kind),
            "deployments": row.deployments.select_related("started_by").order_by("-started_at"),
            "approval": Approval.objects.filter(version=row).select_related("approved_by").first(),
            "entries": entries,
            "trouble": trouble,
        }


def _metrics(card: dict[str, Any], kind: str) -> list[tuple[str, bool, list[object]]]:
    """Return the card's figures: for each model its name, whether it is this one, its values."""
    return [
        (name, name == kind, [values.get(metric) for metric in METRICS])
        for name, values in sorted(card.get("metrics", {}).items())
    ]


# As the card calls them, in the order of the page's columns.
METRICS = ("accuracy", "macro_f1", "top3", "ece", "rows")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("approved", "of_version", "submitted_by", "approved_by", "is_seed", "reason")
    list_filter = ("is_seed",)
    list_select_related = ("submitted_by", "approved_by")
    search_fields = ("^version__sha256", "=approved_by__username")
    search_help_text = "How a model's sha256 begins, or who approved."
    fields = ("approved", "of_version", "submitted_by", "approved_by", "is_seed", "reason")
    readonly_fields = fields

    @admin.display(description="Approved (UTC)")
    def approved(self, approval: Approval) -> str:
        return f"{approval.approved_at:%Y-%m-%d %H:%M}"

    @admin.display(description="Model")
    def of_version(self, approval: Approval) -> str:
        return _link(approval.version_id)


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ("started", "ended", "role", "of_version", "started_by")
    list_filter = ("role",)
    list_select_related = ("started_by",)
    search_fields = ("^version__sha256",)
    search_help_text = "How a model's sha256 begins."
    fields = ("role", "of_version", "started", "ended", "started_by")
    readonly_fields = fields

    @admin.display(description="From (UTC)")
    def started(self, deployment: Deployment) -> str:
        return f"{deployment.started_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="To (UTC)")
    def ended(self, deployment: Deployment) -> str:
        at = deployment.ended_at
        return f"{at:%Y-%m-%d %H:%M:%S}" if at else "still answers"

    @admin.display(description="Model")
    def of_version(self, deployment: Deployment) -> str:
        return _link(deployment.version_id)
