"""Replays in the audit desk: of one prediction by a button, of a range by a job."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import User
from lib import clock
from lib.admin import Input, ReadOnlyAdmin, TypedFilter
from predictions.actions.replays import replay_prediction, request_replay
from predictions.models import Path, Prediction, ReplayFinding, ReplayRun
from predictions.replay import code_in_words, shown
from registry.models import ModelVersion

MAY = "ledger.audit"
# After this long somebody should have begun.
PATIENCE = timedelta(minutes=1)


class RangeForm(forms.Form):
    """Which predictions to replay. Days are in UTC, as everything here."""

    from_date = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Leave it empty to begin with the first.",
    )  # fmt: skip
    to_date = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The whole day. Leave it empty to end now.",
    )  # fmt: skip
    model = forms.CharField(
        label="Model", required=False, max_length=64, strip=True,
        help_text="The sha256 of one model, or empty for all.",
    )  # fmt: skip
    path = forms.ChoiceField(
        label="Decision path", required=False, choices=[("", "Every path"), *Path.choices]
    )

    def clean_model(self) -> str | None:
        told: str = self.cleaned_data["model"].lower()
        if told and not ModelVersion.objects.filter(pk=told).exists():
            raise forms.ValidationError("No model with this sha256 is registered here.")
        return told or None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_date"), cleaned.get("to_date")
        if first and last and last < first:
            self.add_error("to_date", "This day lies before the first one.")
        return cleaned


def begins(day: Any) -> datetime:
    return datetime.combine(day, time(), UTC)


def in_words(run: ReplayRun, now: datetime) -> str:
    """Return how a run stands, in a sentence."""
    match run.state:
        case ReplayRun.State.QUEUED if now - run.requested_at > PATIENCE:
            return (
                "Nobody has begun yet. The job runner does not run, or it is busy with an earlier "
                "replay."
            )
        case ReplayRun.State.QUEUED:
            return "It waits for the job runner, which begins within a few seconds."
        case ReplayRun.State.RUNNING:
            return f"{run.done:,} of {run.total:,} predictions have been replayed."
        case ReplayRun.State.FAILED:
            return (
                f"It ended after {run.done:,} of {run.total:,} predictions: {run.why} Tell whoever "
                "looks after this installation, then ask for another replay."
            )
    if run.done == run.identical:
        return f"All {run.done:,} predictions are identical."
    return (
        f"Of {run.done:,} predictions, {run.identical:,} are identical, {run.different:,} are "
        f"different and {run.impossible:,} cannot be replayed."
    )


@admin.register(ReplayRun)
class ReplayRunAdmin(ReadOnlyAdmin):
    list_display = ("number", "requested", "requested_by", "state", "progress", "findings")
    list_filter = ("state",)
    list_select_related = ("requested_by",)
    page_template = "admin/predictions/replayrun/page.html"
    change_list_template = "admin/predictions/replayrun/list.html"

    @admin.display(description="Replay")
    def number(self, run: ReplayRun) -> str:
        return f"Replay {run.pk}"

    @admin.display(description="Requested (UTC)")
    def requested(self, run: ReplayRun) -> str:
        return f"{run.requested_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Replayed")
    def progress(self, run: ReplayRun) -> str:
        return f"{run.done:,} of {run.total:,}"

    @admin.display(description="Not identical")
    def findings(self, run: ReplayRun) -> str:
        return f"{run.different:,} different, {run.impossible:,} impossible"

    def page(self, request: HttpRequest, row: Any) -> dict[str, object]:
        return {
            "title": f"Replay {row.pk}",
            "run": row,
            "sentence": in_words(row, clock.now()),
            "findings": row.findings.select_related("prediction").order_by("pk")[:50],
        }

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("request/", wrap(self.request_view), name="predictions_replayrun_request"),
            path("one/<uuid:id>/", wrap(self.one_view), name="predictions_replay_one"),
            path(
                "<int:id>/progress/",
                wrap(self.progress_view),
                name="predictions_replayrun_progress",
            ),
            *super().get_urls(),
        ]

    def request_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        form = RangeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            told, now = form.cleaned_data, clock.now()
            assert isinstance(request.user, User)
            first, last = told["from_date"], told["to_date"]
            run = request_replay(
                since=begins(first) if first else None,
                until=begins(last) + timedelta(days=1) if last else now,
                version_id=told["model"],
                path=told["path"],
                by=request.user,
                now=now,
            )
            return redirect("admin:predictions_replayrun_change", run.pk)
        return self._answer(
            request, "admin/predictions/replayrun/request.html", title="Replay a range", form=form
        )

    def progress_view(self, request: HttpRequest, id: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(ReplayRun, pk=id)
        return JsonResponse(
            {
                "is_open": run.is_open,
                "done": run.done,
                "total": run.total,
                "state": run.state,
                "identical": run.identical,
                "different": run.different,
                "impossible": run.impossible,
                "sentence": in_words(run, clock.now()),
            }
        )

    def one_view(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Replay one prediction. It writes into the ledger, so a link alone does not do it."""
        if request.method != "POST" or not request.user.has_perm(MAY):
            raise PermissionDenied
        assert isinstance(request.user, User)
        try:
            replayed = replay_prediction(prediction_id=id, by=request.user, now=clock.now())
        except Prediction.DoesNotExist as error:
            raise Http404("There is no such prediction.") from error
        return self._answer(
            request,
            "admin/predictions/replay.html",
            title="Replay",
            opts=Prediction._meta,
            id=id,
            replayed=replayed,
            differences=[
                (one.field, shown(one.then), shown(one.now)) for one in replayed.differences
            ],
            code=code_in_words(replayed),
        )

    def _answer(self, request: HttpRequest, template: str, **more: object) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **more}
        return TemplateResponse(request, template, context)


class RunFilter(TypedFilter):
    title = "replay"
    inputs = (Input("run", "Number of the replay", "number"),)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        told = str(self.used_parameters.get("run", ""))
        if not told:
            return queryset
        if not (told.isascii() and told.isdigit() and len(told) < 19):
            return queryset.none()
        return queryset.filter(run=int(told))


@admin.register(ReplayFinding)
class ReplayFindingAdmin(ReadOnlyAdmin):
    list_display = ("of_prediction", "outcome", "what", "of_run")
    list_filter = ("outcome", RunFilter)
    list_display_links = None
    fields = ("of_prediction", "outcome", "what", "of_run")
    readonly_fields = fields

    @admin.display(description="Receipt")
    def of_prediction(self, finding: ReplayFinding) -> str:
        address = reverse("admin:predictions_prediction_change", args=[finding.prediction_id])
        return format_html('<a href="{}"><code>{}</code></a>', address, finding.prediction_id)

    @admin.display(description="Replay")
    def of_run(self, finding: ReplayFinding) -> str:
        address = reverse("admin:predictions_replayrun_change", args=[finding.run_id])
        return format_html('<a href="{}">Replay {}</a>', address, finding.run_id)
