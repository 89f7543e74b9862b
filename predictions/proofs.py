"""The proof of an answer: a bundle that a stranger can check without this house."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings

from ledger import bundle, keys, log, openings
from ledger.models import Entry
from ledger.note import proof_text
from registry import provenance
from registry.models import ModelVersion

# What an opening is called in a bundle, by its part.
_PARTS = {"input": "input", "device": "device", "actor": "person"}


def bundle_of(entry: Entry) -> bytes:
    """Return the bundle about the receipt in `entry`.

    Raise NotSealedYet, or CannotBundle if it would be refused by its own verifier.
    """
    place = log.place_of(entry)
    record = entry.content()
    receipt: dict[str, Any] = json.loads(record)
    version = ModelVersion.objects.filter(pk=receipt["model_sha256"]).first()
    vkeys = [one.vkey for one in keys.public_keys()]
    return bundle.build(
        bundle.Bundle(
            record=record,
            proof=proof_text(place.index, place.proof, place.checkpoint.cosigned()),
            vkeys=[*vkeys, *(vkey for _, vkey in settings.WITNESSES)],
            origin=keys.name_of(vkeys[0]),
            openings=_openings(entry.uuid, receipt),
            card=version.card.encode() if version else None,
            dvc_lock=_lock(version),
        )
    )


def _openings(entry: UUID, receipt: dict[str, Any]) -> dict[str, tuple[bytes, bytes]]:
    if "input" in receipt:  # a receipt of format 1 commits to nothing
        return {}
    return {
        _PARTS[part]: (opened.salt, opened.data) for part, opened in openings.opened(entry).items()
    }


def _lock(version: ModelVersion | None) -> bytes | None:
    """Return the dvc.lock that made the model that answered, where it is known."""
    if version is None:
        return None
    try:
        lock = provenance.of(version).lock
    except provenance.NothingRecorded:
        return None
    return lock.encode() if lock is not None else None
