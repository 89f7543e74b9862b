"""The log for everybody who wants to mirror or check it: C2SP tlog-tiles, and proofs.

Hashes and checkpoints say nothing about anybody and are open to all. What the entries say is for
those who may audit.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger import log, tree
from ledger.models import Checkpoint, Entry, Leaf, LogKey
from lib.api import Conflict, QuerySerializer, Unprocessable

FOR_EVER = "public, max-age=31536000, immutable"
NOTHING_YET = "Nothing is sealed yet. The log is sealed every few seconds; try again in a moment."


def _latest() -> Checkpoint:
    checkpoint = log.latest_checkpoint()
    if checkpoint is None:
        raise Http404(NOTHING_YET)
    return checkpoint


class LatestCheckpoint(APIView):
    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """The latest checkpoint: a C2SP signed note."""
        answer = HttpResponse(_latest().cosigned(), content_type="text/plain; charset=utf-8")
        answer["Cache-Control"] = "no-cache"
        return answer


class Tile(APIView):
    """A tile of hashes, or the entries under one, as C2SP tlog-tiles has them."""

    permission_classes = [AllowAny]

    @extend_schema(exclude=True)
    def get(self, request: Request, path: str) -> HttpResponse:
        try:
            tile = tree.parse_tile_path(f"tile/{path}")
        except tree.WrongTilePath as error:
            raise Http404(str(error)) from error
        if tile.level == "entries":
            # Checked before anything else, so that a stranger learns nothing about the size.
            _insist_on_auditor(request)
        level = 0 if tile.level == "entries" else tile.level
        start = tile.n * tree.HASHES_PER_TILE
        stop = start + tile.width
        # Only what a checkpoint covers: the rest could still be signed otherwise.
        if stop << 8 * level > _latest().size:
            raise Http404("The log has not grown to this tile yet.")
        data = _entries(start, stop) if tile.level == "entries" else _hashes(level, start, stop)
        answer = HttpResponse(data, content_type="application/octet-stream")
        answer["Cache-Control"] = "private, no-store" if tile.level == "entries" else FOR_EVER
        return answer


def _insist_on_auditor(request: Request) -> None:
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if not request.user.has_perm("ledger.audit"):
        raise PermissionDenied


def _hashes(level: int, start: int, stop: int) -> bytes:
    return b"".join(log.read(level, start, stop))


def _entries(start: int, stop: int) -> bytes:
    keys = list(
        Leaf.objects.filter(index__gte=start, index__lt=stop)
        .order_by("index")
        .values_list("entry_id", flat=True)
    )
    bodies = dict(Entry.objects.filter(pk__in=keys).values_list("pk", "body"))
    if len(bodies) < len(keys):
        raise Http404("Entries of this tile were pruned. Its hashes are still here.")
    return b"".join(struct.pack(">H", len(bodies[key])) + bytes(bodies[key]) for key in keys)


class ConsistencyQuery(QuerySerializer):
    # "from" is no name that Python takes.
    vars()["from"] = serializers.IntegerField(
        min_value=0, max_value=2**53, help_text="The size of the checkpoint you hold; 0: none."
    )
    to = serializers.IntegerField(
        min_value=1,
        max_value=2**53,
        required=False,
        help_text="The size of another checkpoint; the latest one if left out.",
    )


class ConsistencyOutput(serializers.Serializer[Any]):
    """That the log at one size is the beginning of the log at another (RFC 9162, 2.1.4)."""

    vars()["from"] = serializers.IntegerField()
    to = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField(), help_text="Hashes in base64.")
    checkpoint = serializers.CharField(help_text="The signed note at `to`.")


class Consistency(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="prove_consistency",
        parameters=[ConsistencyQuery],
        responses={200: ConsistencyOutput, 204: None},
    )
    def get(self, request: Request) -> Response:
        """Prove that nothing was changed in the log since the checkpoint you hold.

        204: nothing is sealed yet, and you hold nothing that could contradict that.
        """
        asked = ConsistencyQuery.read(request)
        if asked == {"from": 0} and log.latest_checkpoint() is None:
            return Response(status=204)
        if "to" in asked:
            checkpoint = Checkpoint.objects.filter(size=asked["to"]).first()
            if checkpoint is None:
                raise Unprocessable("There is no checkpoint of this size.", code="no_checkpoint")
        else:
            checkpoint = _latest()
        if asked["from"] > checkpoint.size:
            raise Conflict(
                f"The log has {checkpoint.size} entries under its checkpoint, fewer than you "
                "have seen. Keep your checkpoint: it proves that the log was longer.",
                code="log_is_shorter",
            )
        proof = tree.consistency_proof(asked["from"], checkpoint.size, log.read)
        answer = Response(
            {
                "from": asked["from"],
                "to": checkpoint.size,
                "proof": [base64.b64encode(one).decode() for one in proof],
                "checkpoint": checkpoint.note,
            }
        )
        answer["Cache-Control"] = "no-cache"
        return answer


class KeyOutput(serializers.Serializer[Any]):
    origin = serializers.CharField(help_text="The first line of every checkpoint.")
    vkeys = serializers.ListField(
        child=serializers.CharField(), help_text="The newest first; older ones signed before it."
    )
    rotations = serializers.ListField(
        child=serializers.CharField(),
        help_text="Signed notes in which a key names the next one, the oldest first.",
    )


class VerifierKeys(APIView):
    permission_classes = [AllowAny]

    @extend_schema(operation_id="read_log_keys", responses={200: KeyOutput})
    def get(self, request: Request) -> Response:
        """The keys that the log's checkpoints are signed with. Get one by another way, too."""
        vkeys = list(LogKey.objects.order_by("-since", "-pk").values_list("vkey", flat=True))
        if not vkeys:
            raise Http404(NOTHING_YET)
        rotations = Entry.objects.filter(subject="ledger", kind="ledger.key_rotated").order_by("pk")
        return Response(
            {
                "origin": vkeys[0].split("+")[0],
                "vkeys": vkeys,
                "rotations": [
                    json.loads(entry.content())["details"]["statement"] for entry in rotations
                ],
            }
        )
