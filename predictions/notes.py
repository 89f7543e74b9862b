"""What people wrote beside their reviews. It is kept apart, where it can be erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from ledger import openings
from predictions.models import Review


def of(reviews: Iterable[Review]) -> Mapping[UUID, str]:
    """Return the notes of these reviews in one query; those without, or erased, are missing."""
    found = openings.parts(review.pk for review in reviews)
    return {
        review: parts["details"].value["note"]
        for review, parts in found.items()
        if "details" in parts
    }
