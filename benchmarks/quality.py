"""How good a list of answers is. Written apart from `categorizer/evaluation.py` on purpose: the
judge should not be a part of what is judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

PRECISIONS = (0.95, 0.98)
_BINS = 15


@dataclass(frozen=True, slots=True)
class Answers:
    """One label and one confidence (0 to 1) for each product, in the order of the truth."""

    labels: Sequence[str]
    confidences: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a confidence threshold lets through untouched, and how often that is right."""

    threshold: float
    share: float
    precision: float


@dataclass(frozen=True, slots=True)
class Quality:
    accuracy: float
    macro_f1: float
    ece: float
    coverage: dict[float, Coverage]


def threshold_for(precision: float, answers: Answers, truth: Sequence[str]) -> float:
    """Return the lowest confidence above which at least `precision` of the answers are right.

    2.0, above every confidence, where no threshold reaches it.
    """
    order = np.argsort(-answers.confidences, kind="stable")
    right = (np.asarray(answers.labels) == np.asarray(truth))[order]
    confidences = answers.confidences[order]
    precise = np.cumsum(right) / np.arange(1, len(right) + 1) >= precision
    # A threshold takes all answers of equal confidence or none of them.
    last_of_equals = np.append(confidences[1:] != confidences[:-1], True)
    places = np.flatnonzero(precise & last_of_equals)
    return float(confidences[places[-1]]) if len(places) else 2.0


def coverage_above(threshold: float, answers: Answers, truth: Sequence[str]) -> Coverage:
    sure = answers.confidences >= threshold
    right = np.asarray(answers.labels) == np.asarray(truth)
    precision = float(right[sure].mean()) if sure.any() else 1.0
    return Coverage(threshold=threshold, share=float(sure.mean()), precision=precision)


def expected_calibration_error(answers: Answers, truth: Sequence[str]) -> float:
    """Return the mean gap between confidence and accuracy over 15 bins of equal width."""
    right = np.asarray(answers.labels) == np.asarray(truth)
    bins = np.minimum((answers.confidences * _BINS).astype(int), _BINS - 1)
    gap = 0.0
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            gap += inside.mean() * abs(right[inside].mean() - answers.confidences[inside].mean())
    return float(gap)


def judge(answers: Answers, truth: Sequence[str], thresholds: dict[float, float]) -> Quality:
    """Judge answers by labels and by thresholds that were fixed without looking at this truth."""
    return Quality(
        accuracy=float((np.asarray(answers.labels) == np.asarray(truth)).mean()),
        macro_f1=float(f1_score(truth, answers.labels, average="macro", zero_division=0)),
        ece=expected_calibration_error(answers, truth),
        coverage={
            precision: coverage_above(threshold, answers, truth)
            for precision, threshold in thresholds.items()
        },
    )
