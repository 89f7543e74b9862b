from predictions.actions.answers import (
    MADE,
    CannotReview,
    Made,
    _write_all,
    _writer,
    code_commit,
    predict,
    predict_products,
    review,
    skip,
)
from predictions.actions.exports import note_proof
from predictions.actions.looks import note_look

__all__ = [
    "MADE",
    "CannotReview",
    "Made",
    "_write_all",
    "_writer",
    "code_commit",
    "note_look",
    "note_proof",
    "predict",
    "predict_products",
    "review",
    "skip",
]
