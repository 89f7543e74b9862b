"""Predictions over HTTP."""

from predictions.api.asking import MAY_ASK, Predictions, ProductPrediction, asker_of, shown
from predictions.api.live import LiveModels
from predictions.api.receipts import Receipt
from predictions.api.reviews import Reviews

__all__ = [
    "MAY_ASK",
    "LiveModels",
    "Predictions",
    "ProductPrediction",
    "Receipt",
    "Reviews",
    "asker_of",
    "shown",
]
