"""What people say to predictions."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from accounts.models import User
from inventory.actions import UnknownCategory
from lib import clock
from lib.api import Conflict, StrictSerializer, Text, Unprocessable, needs
from predictions import actions
from predictions.api.openapi import IDEMPOTENCY_KEY, errors
from predictions.models import Prediction, Review


class ReviewInput(StrictSerializer):
    category = Text(
        max_length=1000,
        required=False,
        help_text="The path of the right category. Left out: the suggestion is accepted.",
    )
    note = Text(max_length=1000, required=False, default="", allow_blank=True)


class ReviewOutput(serializers.Serializer[Review]):
    id = serializers.UUIDField()
    prediction_id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Review.Outcome.choices)
    category = serializers.CharField(source="label")
    note = serializers.CharField()
    reviewed_by = serializers.CharField(source="reviewed_by.username")
    reviewed_at = serializers.DateTimeField()


class Reviews(APIView):
    """A person's word on a prediction."""

    permission_classes = [needs("predictions.review_prediction")]

    @extend_schema(
        operation_id="review_prediction",
        request=ReviewInput,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ReviewOutput, **errors(400, 401, 403, 404, 409, 422)},
    )
    @idempotent()
    def post(self, request: Request, id: UUID) -> Response:
        data = ReviewInput(data=request.data)
        data.is_valid(raise_exception=True)
        assert isinstance(request.user, User)
        try:
            review = actions.review(
                prediction_id=id,
                category=data.validated_data.get("category"),
                note=data.validated_data["note"],
                by=request.user,
                now=clock.now(),
            )
        except Prediction.DoesNotExist as error:
            raise Http404("There is no such prediction.") from error
        except UnknownCategory as error:
            raise Unprocessable(str(error), code="unknown_category") from error
        except actions.CannotReview as error:
            raise Conflict(str(error)) from error
        return Response(ReviewOutput(review).data, status=201)
