"""What was answered before."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from ledger.models import Entry
from lib.api import needs
from predictions import actions
from predictions.api.openapi import errors


class Receipt(APIView):
    permission_classes = [needs("predictions.view_prediction")]

    @extend_schema(
        operation_id="read_receipt",
        responses={
            (200, "application/json"): {"type": "object", "additionalProperties": True},
            **errors(401, 403, 404),
        },
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The receipt of an answer: canonical JSON, the same bytes for ever."""
        entry = Entry.objects.filter(uuid=id, kind=actions.MADE).first()
        if entry is None:
            raise Http404("There is no such prediction.")
        return HttpResponse(entry.content(), content_type="application/json")
