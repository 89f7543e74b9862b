"""What tablets push, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO, Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from inventory.api import ProductOutput
from lib import clock
from lib.api import BadQuery, QuerySerializer, TooLarge, load_json
from sync import feed
from sync.delivery import deliver
from sync.incoming import MOST_BYTES, MOST_CHANGES, BatchInput, ChangeInput, read_batch
from sync.models import Change
from sync.results import known, tell

MOST_IDS = 100
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class ChangesParser(BaseParser):
    """Reads JSON, and leaves what cannot be stored to whoever reads the changes one by one."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        assert parser_context is not None
        try:
            raw = parser_context["request"]._request.body
        except RequestDataTooBig as error:
            raise TooLarge from error
        if len(raw) > MOST_BYTES:
            raise TooLarge(f"Send at most {MOST_BYTES:,} bytes at a time, in several requests.")
        return load_json(raw, is_stored=False)


class PushInput(BatchInput):
    """Only the schema: `read_batch` reads it."""

    changes = ChangeInput(many=True)  # type: ignore[assignment]  # read one by one


class ContestedOutput(serializers.Serializer[Any]):
    what = serializers.CharField(help_text='"category" or the name of a field.')
    mine = serializers.JSONField(allow_null=True)
    theirs = serializers.JSONField(allow_null=True)
    by = serializers.CharField(allow_null=True, help_text="Null: the program itself.")
    at = serializers.DateTimeField(allow_null=True)


class ResultOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(
        choices=["applied", "duplicate", "conflict", "rejected", "deferred"]
    )
    was = serializers.ChoiceField(
        choices=Change.Status.values, allow_null=True, help_text="Of a duplicate."
    )
    code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_null=True)
    product = ProductOutput(allow_null=True)
    prediction = serializers.UUIDField(allow_null=True)
    agreement = serializers.ChoiceField(choices=["same", "differs"], allow_null=True)
    rebased = serializers.BooleanField()
    contested = ContestedOutput(many=True)


class OpsOutput(serializers.Serializer[Any]):
    results = ResultOutput(many=True)


class PushOutput(OpsOutput):
    server_time = serializers.DateTimeField()
    sync_head = serializers.IntegerField()


class Push(APIView):
    """Changes that people made on a tablet.

    Safe to repeat: each change has an id of the tablet's making, and one effect.
    """

    permission_classes = [IsAuthenticated]
    parser_classes = [ChangesParser]

    @extend_schema(operation_id="push_changes", request=PushInput, responses=PushOutput)
    def post(self, request: Request) -> Response:
        """Each change is carried out by itself, and answered in its place.

        The status is 200 also if single changes could not be carried out.
        """
        assert isinstance(request.user, User)
        sent = request.data
        changes = sent.get("changes") if isinstance(sent, dict) else None
        if isinstance(changes, list) and len(changes) > MOST_CHANGES:
            raise TooLarge(f"Send at most {MOST_CHANGES} changes at a time, in several requests.")
        settled = deliver(
            read_batch(sent),
            by=request.user,
            request_id=getattr(request._request, "request_id", ""),
            now=clock.now,
        )
        response = Response(
            {
                "server_time": clock.now(),
                "sync_head": place.number if (place := feed.head()) else 0,
                "results": tell(settled, by=request.user),
            }
        )
        response["Cache-Control"] = "no-store"
        return response


class OpsQuery(QuerySerializer):
    ids = serializers.CharField(max_length=40 * MOST_IDS, help_text=f"At most {MOST_IDS}.")


class Ops(APIView):
    """What became of changes whose answer was lost on its way."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="read_changes", parameters=[OpsQuery], responses=OpsOutput)
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        told = OpsQuery.read(request)["ids"].split(",")
        if len(told) > MOST_IDS or not all(map(_ID.fullmatch, told)):
            raise BadQuery("ids", f"Name up to {MOST_IDS} changes by their ids, with commas.")
        ids = dict.fromkeys(map(UUID, told))
        response = Response({"results": tell(known(ids, by=request.user), by=request.user)})
        response["Cache-Control"] = "no-store"
        return response
