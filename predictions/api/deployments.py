"""What was live at a moment, and how questions were answered around it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lib import clock
from lib.api import BadQuery, QuerySerializer, needs
from predictions import observed
from predictions.api.openapi import errors
from predictions.receipts import moment
from registry.models import Deployment

MOST_TABLETS = 1000
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
HOW_TO_WRITE = (
    "Write a moment with its offset from UTC, such as 2026-11-20T08:15:00Z."
    " In an address a + is written %2B."
)


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.Field[datetime, str, str, Any]):
    """A moment that says its offset from UTC: without it, nobody knows when that was."""

    def to_internal_value(self, data: str) -> datetime:
        try:
            told = datetime.fromisoformat(data)
            if told.tzinfo is not None:
                return told.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise serializers.ValidationError(HOW_TO_WRITE)

    def to_representation(self, value: datetime) -> str:
        return moment(value)


class DeploymentsQuery(QuerySerializer):
    at = Moment(required=False, help_text="Now, if it is left out.")


class ApprovalOutput(serializers.Serializer[Any]):
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()
    is_seed = serializers.BooleanField(help_text="True: nobody but who set it up looked at it.")


class DeployedOutput(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Deployment.Role.choices)
    model_sha256 = serializers.CharField()
    kind = serializers.CharField()
    dataset_sha256 = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True, help_text="Null: it still answers.")
    deployed_by = serializers.CharField()
    approval = ApprovalOutput()
    configured_percent = serializers.IntegerField(
        help_text="Its share of the questions that reach this role."
    )


class ShareOutput(serializers.Serializer[Any]):
    decision_path = serializers.ChoiceField(choices=["live", "canary", "fallback", "rules", "none"])
    model_sha256 = serializers.CharField(allow_null=True)
    answers = serializers.IntegerField()
    percent = serializers.IntegerField(help_text="Of the answers in this stretch; 100 in all.")


class ObservedOutput(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    is_whole = serializers.BooleanField(
        help_text="False: there were too many answers, so the stretch was made shorter."
    )
    shares = ShareOutput(many=True)


class StoodInOutput(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="When the first of these answers was made.")
    until = serializers.DateTimeField(help_text="When the last of them was made.")
    answers = serializers.IntegerField()
    why = serializers.ChoiceField(
        choices=["unusable", "nothing_known"],
        help_text="Whether the live model could not be used or knew none of the words.",
    )


class PeriodsOutput(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    is_whole = serializers.BooleanField()
    found = StoodInOutput(many=True)
    left_out = serializers.IntegerField(help_text="How many shorter ones were left out.")


class HeldOutput(serializers.Serializer[Any]):
    tablet = serializers.UUIDField()
    model_sha256 = serializers.CharField()
    since = serializers.DateTimeField(help_text="When the server heard of it.")
    until = serializers.DateTimeField(allow_null=True, help_text="Null: still, as far as is known.")


class BehindOutput(serializers.Serializer[Any]):
    reported = serializers.IntegerField(help_text="Tablets that had told which model they held.")
    others = serializers.IntegerField(help_text="Those that held another than the live one.")
    held = HeldOutput(many=True, help_text="At most 1,000 of them.")


class LiveAtOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    deployments = DeployedOutput(many=True, help_text="In the order they are asked.")
    observed = ObservedOutput(help_text="The hour around the moment.")
    stood_in = PeriodsOutput(
        help_text="That day: when others answered although a live model was deployed."
    )
    tablets = BehindOutput()


class Deployments(APIView):
    permission_classes = [needs("registry.view_deployment")]

    @extend_schema(
        operation_id="list_deployments_at",
        parameters=[DeploymentsQuery],
        responses={200: LiveAtOutput, **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """What was deployed at a moment, who let it in, and how questions were answered then."""
        now = clock.now()
        at: datetime = DeploymentsQuery.read(request).get("at", now)
        if not EARLIEST <= at <= now:
            raise BadQuery("at", "Nobody can say yet what will be live, nor what was before 2000.")
        deployed = observed.deployed_at(at)
        hour = observed.hour_around(at, now=now)
        periods = observed.stood_in(observed.day_of(at))
        return Response(
            {
                "at": moment(at),
                "deployments": [_deployed(one) for one in deployed],
                "observed": _stretch(hour)
                | {
                    "shares": [
                        {
                            "decision_path": share.path,
                            "model_sha256": share.sha256,
                            "answers": share.answers,
                            "percent": share.percent,
                        }
                        for share in observed.shares(hour.answers)
                    ]
                },
                "stood_in": _stretch(periods.stretch)
                | {
                    "found": [
                        {
                            "since": moment(one.since),
                            "until": moment(one.until),
                            "answers": one.answers,
                            "why": one.why,
                        }
                        for one in periods.found
                    ],
                    "left_out": periods.left_out,
                },
                "tablets": _behind(observed.behind(at, live=observed.live_of(deployed))),
            }
        )


def _stretch(stretch: observed.Stretch) -> dict[str, object]:
    return {
        "since": moment(stretch.since),
        "until": moment(stretch.until),
        "is_whole": stretch.is_whole,
    }


def _behind(behind: observed.Behind) -> dict[str, object]:
    return {
        "reported": behind.reported,
        "others": len(behind.held),
        "held": [
            {
                "tablet": str(one.tablet),
                "model_sha256": one.model_sha256,
                "since": moment(one.since),
                "until": one.until and moment(one.until),
            }
            for one in behind.held[:MOST_TABLETS]
        ],
    }


def _deployed(deployment: Deployment) -> dict[str, object]:
    version = deployment.version
    approval = version.approval
    return {
        "role": deployment.role,
        "model_sha256": version.pk,
        "kind": version.kind,
        "dataset_sha256": version.dataset_sha256,
        "since": moment(deployment.started_at),
        "until": deployment.ended_at and moment(deployment.ended_at),
        "deployed_by": deployment.started_by.username,
        "approval": {
            "by": approval.approved_by.username,
            "at": moment(approval.approved_at),
            "reason": approval.reason,
            "is_seed": approval.is_seed,
        },
        # There is no canary yet: whoever has a role has all of it.
        "configured_percent": 100,
    }
