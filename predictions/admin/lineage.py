"""Where an answer comes from: the receipt, and everything that it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inventory.models import Product, Taxonomy
from ledger.commitments import canonical, commitment
from ledger.models import Entry
from ledger.openings import Opened
from ledger.standing import KeptApart, kept_apart, standing
from predictions import agreement, features, notes, receipts
from predictions.models import Prediction
from registry import provenance
from registry.models import Deployment, ModelVersion

WHY = {
    "unusable": "It could not be used: nothing was deployed, or its file was missing or damaged.",
    "nothing_known": "It knows none of the words or numbers of this product.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of the product: what the model read, and what the catalogue says today."""

    name: str
    then: object
    now: object
    has_changed: bool


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must be so if nobody tampered with the receipt."""

    sentence: str
    holds: bool


def lineage(prediction: Prediction) -> dict[str, object]:
    """Gather what the page of a prediction shows, in a fixed number of queries."""
    entry = Entry.objects.filter(uuid=prediction.pk).first()
    body = entry.content() if entry else b""
    receipt: dict[str, Any] = json.loads(body) if entry else {}
    kept = kept_apart(entry) if entry else KeptApart({}, [])
    opened = kept.opened
    then = receipts.asked_in(receipt, opened) if entry else None
    product = _product(prediction.product_id)
    version = _version(prediction.version_id)
    deployments = _deployments(version)
    asked_by = receipt.get("asked_by", {})
    reviews = list(prediction.reviews.select_related("reviewed_by").order_by("pk"))
    said = notes.of(reviews)
    return {
        "prediction": prediction,
        "product": product,
        "taxonomy_now": Taxonomy.current_version(),
        "entry": entry,
        "standing": standing(entry) if entry else None,
        "receipt": receipt,
        "receipt_text": body.decode(),
        "receipt_bytes": len(body),
        "receipt_sha256": hashlib.sha256(body).hexdigest(),
        "asked": None if then is None else _asked(then, product),
        "erasures": kept.erasures,
        "person_is_known": "person" in asked_by or "actor" in opened,
        "device": asked_by.get("device")
        or (opened["device"].value if "device" in opened else None),
        "device_is_erased": bool(asked_by.get("device_commitment")) and "device" not in opened,
        "passed_over": [
            {**one, "why": WHY.get(one["why"], one["why"])}
            for one in receipt.get("passed_over", [])
        ],
        "checks": _checks(prediction, receipt, opened) if entry else [],
        "version": version,
        "provenance": _provenance(version),
        "deployments": deployments,
        "deployed_then": next(
            (one for one in deployments if _was_open(one, prediction.made_at)), None
        ),
        "reviews": [(review, said.get(review.pk, "")) for review in reviews],
        "device_time": asked_by.get("device_time"),
        "device_is_off_by": _off_by(asked_by.get("device_time"), prediction.made_at),
    }


def _provenance(version: ModelVersion | None) -> provenance.Provenance | str | None:
    """Return what is known about how a version was made, or a sentence why nothing is."""
    if version is None:
        return None
    try:
        return provenance.of(version)
    except provenance.NothingRecorded as error:
        return str(error)


def _product(key: int | None) -> Product | None:
    # Read anew: the list left most of its columns out.
    if key is None:
        return None
    return Product.objects.filter(pk=key).select_related("category").first()


def _version(sha256: str | None) -> ModelVersion | None:
    return (
        ModelVersion.objects.filter(pk=sha256)
        .select_related("submitted_by", "approval__approved_by")
        .defer("golden")
        .first()
    )


def _deployments(version: ModelVersion | None) -> list[Deployment]:
    if version is None:
        return []
    return list(version.deployments.select_related("started_by").order_by("started_at"))


def _was_open(deployment: Deployment, at: datetime) -> bool:
    return deployment.started_at <= at and (deployment.ended_at is None or at < deployment.ended_at)


def _asked(then: Mapping[str, object], product: Product | None) -> list[Asked]:
    now = features.of_product(product) if product else {}
    return [
        Asked(
            name=name,
            then=then.get(name),
            now=now.get(name),
            has_changed=product is not None and then.get(name) != now.get(name),
        )
        for name in features.FIELDS
        if name in then or name in now
    ]


def _checks(
    prediction: Prediction, receipt: dict[str, Any], opened: Mapping[str, Opened]
) -> list[Check]:
    agrees = agreement.agrees(prediction, receipt)
    checks = [Check("The list says what the receipt says.", agrees)]
    if "input" in receipt:
        digest = hashlib.sha256(canonical(receipt["input"])).hexdigest()
        told_digest = receipt["input_sha256"]
        return [
            *checks,
            Check("The question has the sha256 of the receipt.", digest == told_digest),
        ]
    asked_by = receipt["asked_by"]
    commitments = {
        "input": ("The question is the one", receipt["input_commitment"]),
        "actor": ("The person is the one", asked_by["person_commitment"]),
        "device": ("The device is the one", asked_by["device_commitment"]),
    }
    return checks + [
        Check(
            f"{what} that the receipt is committed to.",
            commitment(opened[part].salt, opened[part].data) == committed,
        )
        for part, (what, committed) in commitments.items()
        if part in opened
    ]


def _off_by(told: str | None, made_at: datetime) -> int | None:
    """Return by how many seconds the device's clock was ahead of the server's."""
    if told is None:
        return None
    return round((datetime.fromisoformat(told).astimezone(UTC) - made_at).total_seconds())
