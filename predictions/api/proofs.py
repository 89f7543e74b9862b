"""What stands behind a receipt: what its commitments were made over, and the proof of it all."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from ledger import openings
from ledger.bundle import CannotBundle
from ledger.log import NotSealedYet
from ledger.models import Entry
from ledger.note import WrongNote
from ledger.tree import MissingHash
from lib import clock
from lib.api import Conflict, needs
from predictions import actions, proofs, receipts
from predictions.api.openapi import errors
from predictions.api.receipts import entry_of
from predictions.models import Prediction


class OpeningOutput(serializers.Serializer[Any]):
    """What the commitments of a receipt were made over. SHA-256(salt, value) is the commitment."""

    id = serializers.UUIDField()
    input = serializers.DictField(allow_null=True, help_text="What was asked. Null: erased.")
    input_salt = serializers.CharField(allow_null=True, help_text="64 hexadecimal digits.")
    user = serializers.IntegerField(allow_null=True, help_text='Committed to as {"user":…}.')
    person = serializers.CharField(allow_null=True, help_text="What this user is called today.")
    person_salt = serializers.CharField(allow_null=True)
    device = serializers.CharField(allow_null=True)
    device_salt = serializers.CharField(allow_null=True)
    erased = serializers.BooleanField(help_text="Whether something of this was erased.")


class ReceiptOpening(APIView):
    permission_classes = [needs("predictions.view_prediction")]

    @extend_schema(
        operation_id="open_receipt",
        responses={200: OpeningOutput, **errors(401, 403, 404)},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """What was asked and by whom, with the salts that open the receipt's commitments."""
        prediction = Prediction.objects.filter(pk=id).only("asked_by_id").first()
        if prediction is None:
            raise Http404("There is no such prediction.")
        entry = Entry.objects.filter(uuid=id).first()
        receipt = json.loads(entry.content()) if entry else {}
        opened = openings.opened(id)
        asked = receipts.asked_in(receipt, opened)
        user = opened["actor"].value["user"] if "actor" in opened else None
        name = User.objects.filter(pk=user or 0).values_list("username", flat=True).first()
        answer = Response(
            {
                "id": str(id),
                "input": asked,
                "input_salt": _salt(opened, "input"),
                "user": user,
                "person": name if user is not None else None,
                "person_salt": _salt(opened, "actor"),
                "device": opened["device"].value if "device" in opened else None,
                "device_salt": _salt(opened, "device"),
                "erased": asked is None
                or (opened.get("actor") is None and "person_commitment" in receipt["asked_by"]),
            }
        )
        answer["Cache-Control"] = "private, no-store"
        return answer


def _salt(opened: dict[str, openings.Opened], part: str) -> str | None:
    return opened[part].salt.hex() if part in opened else None


class ReceiptProof(APIView):
    permission_classes = [needs("ledger.audit")]

    @extend_schema(
        operation_id="prove_receipt",
        responses={
            (200, "application/zip"): {"type": "string", "format": "binary"},
            **errors(401, 403, 404, 409),
        },
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The proof of an answer: a zip with everything a stranger needs to check it.

        Its VERIFY.md says how. That you took it is an entry in the log.
        """
        entry = entry_of(id)
        try:
            data = proofs.bundle_of(entry)
        except NotSealedYet as error:
            raise Conflict(str(error), code="not_sealed_yet") from error
        except (CannotBundle, WrongNote, MissingHash) as error:
            raise Conflict(
                f"This cannot be proved, because it is not as it was written: {error} "
                "Keep the database as it is, and have the whole log verified.",
                code="cannot_be_proved",
            ) from error
        assert isinstance(request.user, User)
        actions.note_proof(prediction_id=id, bundle=data, by=request.user, now=clock.now())
        answer = HttpResponse(data, content_type="application/zip")
        answer["Content-Disposition"] = f'attachment; filename="proof-{id}.zip"'
        answer["Cache-Control"] = "no-store"
        return answer
