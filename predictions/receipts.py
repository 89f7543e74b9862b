"""The receipt of an answer: one canonical JSON text that is never changed.

It holds commitments to what was asked and by whom; both lie apart, where they can be erased.
`docs/receipt-format.md` explains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from categorizer.model import Suggestion
from ledger.commitments import canonical
from ledger.openings import Opened
from predictions.features import Features
from predictions.serving import Outcome

FORMAT = "shelfmark-receipt/2"
# The answer and the alternatives to it.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, through what, and with which request."""

    user_id: int
    request_id: str
    token: str | None = None
    device: str | None = None
    device_time: str | None = None


@dataclass(frozen=True, slots=True)
class TabletAnswer:
    """What the model on a tablet said to the question before the server was asked."""

    model_sha256: str
    suggestions: Sequence[Suggestion]
    # By the clock of the tablet.
    made_at: datetime

    def beside(self, outcome: Outcome) -> dict[str, object]:
        """Return what the receipt says of it."""
        best = self.suggestions[0]
        told = {
            "model_sha256": self.model_sha256,
            "category": best.label,
            "score": best.score,
            "confidence_ppm": best.confidence_ppm,
            "alternatives": plain(self.suggestions[1:]),
            "made_at": moment(self.made_at),
        }
        own = outcome.suggestions[0] if outcome.suggestions else None
        agreement = agreement_of(
            told,
            {
                "category": own.label if own else None,
                "score": own.score if own else None,
                "model_sha256": outcome.link.sha256 if outcome.link else None,
            },
        )
        return {**told, "agreement": agreement}


@dataclass(frozen=True, slots=True)
class Question:
    """The features of one product, and which stored product they come from, if any."""

    features: Features
    product_id: int | None = None
    product_version: int | None = None
    tablet: TabletAnswer | None = None


def moment(at: datetime) -> str:
    """Return a moment as text, always in UTC and with microseconds."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


@dataclass(frozen=True, slots=True)
class Commitments:
    """What the receipt says of the things that are kept apart from it."""

    input: str
    person: str | None
    device: str | None


def encode(
    *,
    receipt_id: UUID,
    question: Question,
    commitments: Commitments,
    outcome: Outcome,
    asker: Asker,
    taxonomy_version: int,
    code_commit: str,
    now: datetime,
    duration_us: int,
) -> bytes:
    """Return the bytes that stand for an answer: canonical JSON (RFC 8785) without floats."""
    link = outcome.link
    tablet = {"tablet_answer": question.tablet.beside(outcome)} if question.tablet else {}
    return canonical(
        tablet
        | {
            "format": FORMAT,
            "id": str(receipt_id),
            "made_at": moment(now),
            "duration_us": duration_us,
            "input_commitment": commitments.input,
            "product": (
                None
                if question.product_id is None
                else {"id": question.product_id, "version": question.product_version}
            ),
            "category": outcome.suggestions[0].label if outcome.suggestions else None,
            "score": outcome.suggestions[0].score if outcome.suggestions else None,
            "confidence_ppm": outcome.suggestions[0].confidence_ppm
            if outcome.suggestions
            else None,
            "alternatives": plain(outcome.suggestions[1:]),
            "decision_path": outcome.path,
            "passed_over": [
                {"path": path, "why": why, "model_sha256": sha256}
                for path, why, sha256 in outcome.passed_over
            ],
            "threshold_ppm": outcome.threshold_ppm,
            "needs_review": outcome.needs_review,
            "taxonomy_version": taxonomy_version,
            "model_sha256": link.sha256 if link else None,
            "dataset_sha256": link.dataset_sha256 if link else None,
            "text": link.text_version if link else None,
            "code_commit": code_commit,
            "asked_by": {
                "person_commitment": commitments.person,
                "token": asker.token,
                "device_commitment": commitments.device,
                "device_time": asker.device_time,
            },
            "request_id": asker.request_id,
        }
    )


def plain(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    return [
        {"category": one.label, "score": one.score, "confidence_ppm": one.confidence_ppm}
        for one in suggestions
    ]


SAME, DIFFERS = "same", "differs"


def agreement_of(tablet: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """Return whether a tablet's answer is this one: `same` or `differs`.

    Scores of two models cannot be compared; those of one are equal or something is wrong.
    """
    is_same = tablet["category"] == answer["category"] and (
        tablet["model_sha256"] != answer["model_sha256"] or tablet["score"] == answer["score"]
    )
    return SAME if is_same else DIFFERS


def beside_tablet(receipt: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer as the receipt would tell it, which may hold a tablet's answer as well.

    One that differs from the tablet's waits for a person, however sure the model is.
    """
    told = receipt.get("tablet_answer")
    if told is None:
        return {**answer, "tablet_answer": None}
    agreement = agreement_of(told, answer)
    return {
        **answer,
        "tablet_answer": {**told, "agreement": agreement},
        "needs_review": answer["needs_review"] or agreement == DIFFERS,
    }


def suggestions(receipt: Mapping[str, Any]) -> tuple[Suggestion, ...]:
    """Return what a receipt says was answered: the suggestion and its alternatives, best first."""
    if receipt["category"] is None:
        return ()
    return tuple(
        Suggestion(one["category"], one["score"], one["confidence_ppm"])
        for one in (receipt, *receipt["alternatives"])
    )


def asked_in(
    receipt: Mapping[str, Any], opened: Mapping[str, Opened]
) -> Mapping[str, object] | None:
    """Return what was asked, or None if it was erased. Receipts of format 1 hold it themselves."""
    if "input" in receipt:
        return dict(receipt["input"])
    return opened["input"].value if "input" in opened else None
