"""Is this process alive, can it answer, and how has it been doing."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from ledger.metrics import lines as ledger_lines
from lib import clock, metrics
from lib.api import PROBLEM, JSONOnly, needs, problem
from lib.fresh import Fresh
from predictions import serving
from registry import actions, files
from registry.models import Deployment
from registry.release import still_golden
from sync.metrics import lines as sync_lines


def alive(request: HttpRequest) -> HttpResponse:
    """Answer while this process runs.

    It asks nobody, so that a database that is away does not get us restarted.
    """
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 if a prediction would be answered by the live model and its receipt kept."""
    wrong = _fresh_faults.get()
    if wrong:
        detail = " ".join(f"{name}: {fault}" for name, fault in wrong.items())
        body = problem(request, status=503, code="not_ready", detail=detail, checks=wrong)
        return JsonResponse(body, status=503, content_type=PROBLEM, headers={"Retry-After": "5"})
    return JsonResponse({"status": "ready"})


def faults() -> dict[str, str]:
    """Return what is wrong, by the name of the check. Empty: ready."""
    try:
        chain = serving.look()
        deployed = Deployment.objects.open().select_related("version").filter(role="live").first()
    except DatabaseError:
        return {"database": "It does not answer."}
    if deployed is None:
        return {
            "model": "Nothing is deployed. Type `python manage.py register_model FOLDER --seed`."
        }
    found: dict[str, str] = {}
    version = deployed.version
    link = chain.link("live")
    if link is None:
        found["model"] = dict(chain.broken)["live"]
    elif link.model.sha256 != version.sha256:
        found["model"] = "The model in memory is not the one that is deployed."
    elif not still_golden(link.model, version.golden):
        found["golden"] = (
            "The live model no longer gives the answer it gave when it was registered."
        )
    try:
        # A model in memory goes on answering when its file is damaged, but the next process
        # could not.
        files.check(version.sha256, kind=version.kind, size=version.bytes)
    except files.WrongFile as error:
        found.setdefault("model", str(error))
    try:
        actions.touch(sha256=version.sha256)
    except DatabaseError:
        found["database"] = "It takes no writes."
    return found


# Probes come from several places at once, and anybody may ask.
_fresh_faults = Fresh(faults, seconds=1.0)


class Metrics(APIView):
    """What Prometheus reads.

    Behind a token rather than on a port of its own: it then needs no second listener in the
    server and no second rule in the firewall, and an address on this machine proves nothing
    once a proxy stands in front.
    """

    permission_classes = [needs("predictions.view_metrics")]
    content_negotiation_class = JSONOnly

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        chain = serving.chain()
        lines = [
            "# HELP shelfmark_model_info Which model answers in which part",
            "# TYPE shelfmark_model_info gauge",
            *(
                f'shelfmark_model_info{{path="{link.path}",sha256="{link.sha256}"}} 1'
                for link in chain.links
            ),
        ]
        lines += ledger_lines(now=clock.now()) + sync_lines(now=clock.now())
        body = metrics.exposition() + "\n".join(lines).encode() + b"\n"
        return HttpResponse(body, content_type=metrics.CONTENT_TYPE)
