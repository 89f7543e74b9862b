"""Why a model said what it said, long after it said it.

Nothing is stored for this: what was asked lies beside the receipt, which names the model by the
digest of its bytes, and the same model adds up the same whole numbers for the same question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from categorizer.explain import Explanation, explain
from categorizer.model import UnusableModel
from ledger import openings
from predictions import receipts, serving
from registry.files import WrongFile

log = structlog.get_logger(__name__)


class CannotExplain(Exception):
    """The message is fit to show to the person who asked."""


class UnknownLabel(Exception):
    """The message is fit to show to the person who asked."""


def explain_receipt(receipt: Mapping[str, Any], *, label: str | None = None) -> Explanation:
    """Return why the answer of `receipt` got its score; with `label`, why that one got its own."""
    match receipt["decision_path"]:
        case "none":
            raise CannotExplain("No model knew anything about this product, so nobody suggested.")
        case "rules":
            raise CannotExplain("This answer came from the rules, which weigh no words.")
    sha256 = receipt["model_sha256"]
    try:
        model = serving.categorizer(sha256)
    except (WrongFile, UnusableModel) as error:
        log.warning("explanation.impossible", sha256=sha256, why=str(error))
        raise CannotExplain(
            "The model that gave this answer can no longer be read here. The receipt still says "
            "which one it was; whoever looks after the models can restore its file."
        ) from error
    label = label or receipt["category"]
    if label not in model.labels:
        raise UnknownLabel(f"The model that answered does not know the category “{label}”.")
    receipt_id = UUID(receipt["id"])
    asked = receipts.asked_in(receipt, openings.parts([receipt_id]).get(receipt_id, {}))
    if asked is None:
        raise CannotExplain("What was asked has been erased, so nobody can say why any more.")
    explanation = explain(model, asked, label=label)
    told = {one.label: one.score for one in receipts.suggestions(receipt)}
    if told.get(label, explanation.score) != explanation.score:
        log.error("explanation.differs", sha256=sha256, receipt=receipt["id"])
        raise CannotExplain(
            "The model no longer adds up to what the receipt says. Tell whoever looks after the "
            "models: either its code has changed since, or one of the two was tampered with."
        )
    return explanation
