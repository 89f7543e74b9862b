"""Which models answer, and the bytes of each: what a tablet needs to answer by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lib.api import JSONOnly, Unavailable, needs
from predictions import distribution
from predictions.api.openapi import errors
from registry import files
from registry.models import ModelVersion

# Whoever may ask for predictions may answer alone while there is no connection.
MAY_HOLD = needs("predictions.add_prediction") | needs("registry.view_modelversion")
AT_ONCE = 65_536
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))", re.ASCII)


class LinkOutput(serializers.Serializer[Any]):
    path = serializers.CharField()
    sha256 = serializers.CharField()
    dataset_sha256 = serializers.CharField()
    text = serializers.CharField(allow_null=True)


class VectorSuggestionOutput(serializers.Serializer[Any]):
    confidence_ppm = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides a Field's own label
    score = serializers.IntegerField(help_text="In 1/2**39.")


class VectorAnswerOutput(serializers.Serializer[Any]):
    matched = serializers.IntegerField(help_text="How many known features its text has.")
    suggestions = VectorSuggestionOutput(many=True)


class VectorOutput(serializers.Serializer[Any]):
    product = serializers.DictField()
    top = serializers.IntegerField()
    answer = VectorAnswerOutput()


class LiveModelOutput(serializers.Serializer[Any]):
    version = serializers.CharField(
        allow_null=True, help_text="What people call it: the start of its sha256."
    )
    sha256 = serializers.CharField(allow_null=True, help_text="Null: no live model can answer.")
    bytes = serializers.IntegerField(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="Where its bytes are.")
    dataset_sha256 = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="How it reads text.")
    vectors = VectorOutput(
        many=True, help_text="What it answers to products that are hard to read alike."
    )
    withdrawn = serializers.ListField(
        child=serializers.CharField(), help_text="Recalled or retired: delete them."
    )
    answering = LinkOutput(
        many=True, help_text="All models that answer, in the order in which they are asked."
    )


class _Escaped(JSONRenderer):
    # A vector may hold half a surrogate pair, which UTF-8 cannot say.
    ensure_ascii = True


@method_decorator(conditional_page, name="dispatch")
class LiveModels(APIView):
    permission_classes = [MAY_HOLD]
    renderer_classes = [_Escaped]

    @extend_schema(
        operation_id="get_live_model",
        responses={200: LiveModelOutput, **errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The model to hold, with what it has to answer, and which models answer here.

        A damaged one is left out.
        """
        response = Response(distribution.manifest())
        response["Cache-Control"] = "private, no-cache"
        return response


def _part(path: Path, *, first: int, length: int) -> Iterator[bytes]:
    """Yield a stretch of a file, read as it is sent."""
    with path.open("rb") as file:
        file.seek(first)
        while length > 0 and (data := file.read(min(AT_ONCE, length))):
            length -= len(data)
            yield data


class ModelFile(APIView):
    permission_classes = [MAY_HOLD]
    content_negotiation_class = JSONOnly

    @extend_schema(
        operation_id="get_model_file",
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="A single range."),
            OpenApiParameter("If-Range", str, OpenApiParameter.HEADER),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="You have it."),
            416: OpenApiResponse(description="The file ends before this range begins."),
            **errors(401, 403, 404, 503),
        },
    )
    def get(self, request: Request, sha256: str) -> HttpResponseBase:
        """The bytes of a registered model, whole or a single range of them (RFC 9110 section 14).

        They never change: what has this sha256 is this file.
        """
        version = ModelVersion.objects.only("kind", "bytes").filter(pk=sha256).first()
        if version is None:
            raise NotFound("There is no such model.")
        etag = f'"{sha256}"'
        held = re.findall(r'"[^"]*"|\*', request.headers.get("If-None-Match", ""))
        if etag in held or "*" in held:
            response: HttpResponseBase = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
        else:
            response = _sent(request, version, etag)
        response["ETag"] = etag
        if response.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            response["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


def _sent(request: Request, version: ModelVersion, etag: str) -> HttpResponseBase:
    size = version.bytes
    first, last, is_part = _wanted(request, size, etag)
    if first > last:
        response = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        response["Content-Range"] = f"bytes */{size}"
        return response
    length = last - first + 1
    path = _whole(version)
    streaming = StreamingHttpResponse(
        () if request.method == "HEAD" else _part(path, first=first, length=length),
        status=HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK,
        content_type="application/octet-stream",
    )
    streaming["Accept-Ranges"] = "bytes"
    streaming["Content-Length"] = str(length)
    if is_part:
        streaming["Content-Range"] = f"bytes {first}-{last}/{size}"
    return streaming


def _wanted(request: Request, size: int, etag: str) -> tuple[int, int, bool]:
    """Return the first and the last byte that are asked for, and whether that is a part.

    The first lies behind the last if there is no such byte. Several ranges, or none that can be
    read, are the whole file.
    """
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    is_same = request.headers.get("If-Range", etag) == etag
    if asked is None or not is_same or request.method != "GET":
        return 0, size - 1, False
    first, last, suffix = asked.groups()
    if suffix is not None:
        length = int(suffix)
        return max(0, size - length) if length else size, size - 1, True
    if last is not None and int(last) < int(first):
        return 0, size - 1, False
    return int(first), min(size - 1, int(last) if last is not None else size - 1), True


def _whole(version: ModelVersion) -> Path:
    """Return where the file lies, after a look that it is as long as it was registered."""
    path = files.path_of(version.pk, kind=version.kind)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Unavailable("The file of this model is missing on the server.") from error
    if size != version.bytes:
        raise Unavailable("The file of this model is damaged on the server.")
    return path
