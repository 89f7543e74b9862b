"""Which models answer."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lib.api import needs
from predictions.api.openapi import errors
from predictions.serving import chain


class LinkOutput(serializers.Serializer[Any]):
    path = serializers.CharField()
    sha256 = serializers.CharField()
    dataset_sha256 = serializers.CharField()
    text = serializers.CharField(allow_null=True)


class LiveModels(APIView):
    permission_classes = [needs("registry.view_modelversion")]

    @extend_schema(
        operation_id="list_live_models",
        responses={200: LinkOutput(many=True), **errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The models that answer, in the order they are asked. A damaged one is left out."""
        return Response(
            [
                {
                    "path": link.path,
                    "sha256": link.sha256,
                    "dataset_sha256": link.dataset_sha256,
                    "text": link.text_version,
                }
                for link in chain().links
            ]
        )
