"""Asking the very model of a prediction the very question again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import IDEMPOTENCY_KEY, idempotent
from accounts.models import User
from lib import clock
from lib.api import needs
from predictions.actions.replays import replay_prediction
from predictions.api.openapi import errors
from predictions.models import Prediction, ReplayOutcome


class DifferenceOutput(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="As the receipt calls it.")
    then = serializers.JSONField(help_text="What the receipt says.")
    now = serializers.JSONField(help_text="What the same model says now.")


class ReplayOutput(serializers.Serializer[Any]):
    outcome = serializers.CharField(help_text=f"{', '.join(ReplayOutcome.values)}.")
    differences = DifferenceOutput(many=True)
    why = serializers.CharField(allow_null=True, help_text="Why it cannot be replayed.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What could not be repeated, in sentences."
    )
    code_then = serializers.CharField(allow_null=True)
    code_now = serializers.CharField()


class Replay(APIView):
    permission_classes = [needs("ledger.audit")]

    @extend_schema(
        operation_id="replay_prediction",
        request=None,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: ReplayOutput, **errors(401, 403, 404)},
    )
    @idempotent()
    def post(self, request: Request, id: UUID) -> Response:
        """Compute an answer of the past again from the pinned model, and compare. An entry."""
        assert isinstance(request.user, User)
        try:
            replayed = replay_prediction(prediction_id=id, by=request.user, now=clock.now())
        except Prediction.DoesNotExist as error:
            raise Http404("There is no such prediction.") from error
        return Response(
            {
                "outcome": str(replayed.outcome),
                "differences": [
                    {"field": one.field, "then": one.then, "now": one.now}
                    for one in replayed.differences
                ],
                "why": replayed.why,
                "notes": replayed.notes,
                "code_then": replayed.code_then,
                "code_now": replayed.code_now,
            }
        )
