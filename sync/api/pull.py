"""What was written, page by page, for whoever keeps a copy of the catalogue."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import digest_of, permissions_of
from inventory.api import ProductOutput
from lib import clock
from lib.api import BadQuery, JSONOnly, QuerySerializer, needs
from sync import feed
from sync.actions.feed import begin_epoch
from sync.api.pages import page_of
from sync.cursors import LONGEST, Cursor, OtherSchema, Unreadable
from sync.feed import Collection, Seen
from sync.models import Change
from sync.standing import standing


class ResyncRequired(APIException):
    """Nobody can read on from this cursor."""

    status_code = 410
    default_code = "resync_required"
    default_detail = (
        "This cursor is of no use any more. Ask without a cursor, and put what you get in the "
        "place of what you have. What waits to be sent stays as it is."
    )

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.members = {"reason": reason}


class PullQuery(QuerySerializer):
    cursor = serializers.CharField(
        max_length=LONGEST,
        required=False,
        allow_blank=True,
        help_text="As the last page gave it. Without one, everything is read from the beginning.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=2000, default=500)


class ModelNamed(serializers.Serializer[Any]):
    sha256 = serializers.CharField()


class CategoryMirrored(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    path = serializers.CharField()
    version = serializers.IntegerField()


class ChangedOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    op = serializers.ChoiceField(choices=["upsert", "delete"])


class ProductChanged(ChangedOutput):
    c = serializers.ChoiceField(choices=["product"])
    data = ProductOutput(allow_null=True)  # type: ignore[assignment]  # DRF moves it to `fields`


class CategoryChanged(ChangedOutput):
    c = serializers.ChoiceField(choices=["category"])
    data = CategoryMirrored(allow_null=True)  # type: ignore[assignment]  # as above


class PullOutput(serializers.Serializer[Any]):
    epoch = serializers.UUIDField()
    cursor = serializers.CharField(help_text="Send it back to read on. It means nothing else.")
    has_more = serializers.BooleanField(help_text="Read on at once.")
    is_snapshot = serializers.BooleanField(
        help_text="What is not named in the snapshot is not there. It ends where this is false."
    )
    server_time = serializers.DateTimeField()
    sync_head = serializers.IntegerField(
        help_text="X-Sync-Head is above it when there is more to read."
    )
    my_changes_through = serializers.IntegerField(
        allow_null=True,
        help_text="The highest seq of your changes from Shelfmark-Device that was settled.",
    )
    model = ModelNamed(allow_null=True, help_text="Which model is live. Null: none.")
    changes = PolymorphicProxySerializer(
        component_name="Changed",
        serializers={"product": ProductChanged, "category": CategoryChanged},
        resource_type_field_name="c",
        many=True,
    )


DEVICE = OpenApiParameter(
    "Shelfmark-Device", UUID, OpenApiParameter.HEADER, description="The tablet's name for itself."
)


# A page holds no secret that somebody could guess by its length, and shrinks to a sixth.
@method_decorator(gzip_page, name="dispatch")
class Changes(APIView):
    """What was written to the catalogue, for whoever keeps a copy of it."""

    permission_classes = [needs("inventory.view_product")]
    content_negotiation_class = JSONOnly

    @extend_schema(
        operation_id="pull_changes",
        parameters=[PullQuery, DEVICE],
        responses={
            200: PullOutput,
            304: OpenApiResponse(description="Nothing was written since."),
            410: OpenApiResponse(description="resync_required; `reason` says why."),
        },
    )
    def get(self, request: Request) -> Response:
        """First a snapshot, then what was written since it began, in the order of commits.

        A page names everything once, as it is now. Safe to repeat, and to break off anywhere.
        """
        asked = PullQuery.read(request)
        assert isinstance(request.user, User)
        cursor = _cursor(asked.get("cursor", ""), scope=digest_of(permissions_of(request.user)))
        # Before the page is read: what was settled by now is in it.
        through = _settled(request)
        page = page_of(cursor, limit=asked["limit"])
        model = standing().model
        body = {
            "epoch": str(page.cursor.epoch),
            "cursor": str(page.cursor),
            "has_more": page.has_more,
            "is_snapshot": page.is_snapshot,
            "server_time": clock.now(),
            "sync_head": page.head,
            "my_changes_through": through,
            "model": {"sha256": model} if model else None,
            "changes": page.changes,
        }
        headers = {"Cache-Control": "no-store"}
        if not page.changes and not page.has_more:
            told = (body["cursor"], through, model)
            tag = f'W/"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'
            headers["ETag"] = tag
            if request.headers.get("If-None-Match") == tag:
                return Response(status=304, headers=headers)
        return Response(body, headers=headers)


def _cursor(text: str, *, scope: str) -> Cursor:
    """Return the cursor from which this person can read on."""
    try:
        cursor = Cursor.read(text) if text else None
    except OtherSchema as error:
        raise ResyncRequired("schema") from error
    except Unreadable as error:
        raise BadQuery("cursor", "Send a cursor as it was given, or none.") from error
    epoch = feed.era().epoch or begin_epoch(now=clock.now())
    if cursor is None:
        place = feed.head()
        assert place is not None  # an epoch begins with a row
        return Cursor(epoch, scope, place, Seen(place.id, place.mark), Collection.CATEGORY)
    if cursor.epoch != epoch:
        raise ResyncRequired("epoch")
    if cursor.scope != scope:
        raise ResyncRequired("scope")
    if reason := feed.fault(cursor.place, cursor.seen):
        raise ResyncRequired(reason)
    return cursor


def _settled(request: Request) -> int | None:
    """Return how far the changes of this person on this device have come."""
    try:
        device = UUID(request.headers["Shelfmark-Device"])
    except (KeyError, ValueError):
        return None
    own = Change.objects.filter(person=request.user.pk, device=device)
    through: int | None = own.aggregate(through=Max("seq"))["through"]
    return through
