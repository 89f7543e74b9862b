"""Predictions over HTTP."""

from predictions.api.asking import MAY_ASK, Predictions, ProductPrediction, asker_of, shown
from predictions.api.deployments import Deployments
from predictions.api.live import LiveModels, ModelFile
from predictions.api.proofs import ReceiptOpening, ReceiptProof
from predictions.api.receipts import ProductHistory, Receipt, ReceiptExplanation
from predictions.api.replays import Replay
from predictions.api.reviews import ReviewQueue, Reviews

__all__ = [
    "MAY_ASK",
    "Deployments",
    "LiveModels",
    "ModelFile",
    "Predictions",
    "ProductHistory",
    "ProductPrediction",
    "Receipt",
    "ReceiptExplanation",
    "ReceiptOpening",
    "ReceiptProof",
    "Replay",
    "ReviewQueue",
    "Reviews",
    "asker_of",
    "shown",
]
