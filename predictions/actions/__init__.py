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
)

__all__ = [
    "MADE",
    "CannotReview",
    "Made",
    "_write_all",
    "_writer",
    "code_commit",
    "predict",
    "predict_products",
    "review",
]
