from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from categorizer import evaluation
from categorizer.evaluation import NEVER, Judged, threshold

RANDOM = np.random.default_rng(11)
TRUTHS = [f"label {number}" for number in RANDOM.integers(0, 7, 500)]
GUESSES = [truth if RANDOM.random() < 0.7 else f"label {RANDOM.integers(0, 8)}" for truth in TRUTHS]
JUDGED = [
    Judged(truth, (guess, "label 0", "label 1"), int(RANDOM.integers(0, 1_000_001)))
    for truth, guess in zip(TRUTHS, GUESSES, strict=True)
]


def test_accuracy_and_macro_f1_are_scikit_learns() -> None:
    found = evaluation.metrics(JUDGED)
    assert found["accuracy"] == round(accuracy_score(TRUTHS, GUESSES), 4)
    assert found["macro_f1"] == round(f1_score(TRUTHS, GUESSES, average="macro"), 4)


def test_a_missing_answer_counts_as_wrong() -> None:
    found = evaluation.metrics([Judged("a", ("a",), 1), Judged("b", (), 0)])
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == 0.5


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    judged = [Judged("a", ("a",), 900_000)] * 9 + [Judged("a", ("b",), 900_000)]
    assert evaluation.expected_calibration_error(judged) == 0
    judged += [Judged("a", ("b",), 500_000)] * 10
    assert evaluation.expected_calibration_error(judged) == Fraction(1, 4)


def test_every_confidence_falls_into_one_bin() -> None:
    judged = [Judged("a", ("a",), ppm) for ppm in (0, 1, 66_666, 66_667, 66_668, 1_000_000)]
    counts = [count for count, _, _ in evaluation.reliability(judged)]
    assert (sum(counts), counts[0], counts[-1]) == (6, 4, 1)


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ([(900, True), (800, True), (700, False)], 800),
        ([(900, False), (800, True)], NEVER),
        ([(900, True), (800, False), (800, True)], 900),
        ([(900, True), (800, True)], 800),
        ([], NEVER),
    ],
)
def test_a_threshold_is_the_least_confidence_that_is_precise_enough(
    answers: list[tuple[int, bool]], wanted: int
) -> None:
    judged = [Judged("a", ("a",) if right else ("b",), ppm) for ppm, right in answers]
    assert threshold(judged, Fraction("0.95")) == wanted


def test_labels_with_few_answers_take_the_common_threshold() -> None:
    many = [Judged("a", ("a",), 600_000 + number) for number in range(60)]
    few = [Judged("b", ("b",), 400_000)] * 3 + [Judged("c", ("b",), 300_000)]
    found = evaluation.thresholds(many + few)
    per_category = found["per_category"]
    common = found["global"]
    assert isinstance(per_category, dict)
    assert isinstance(common, dict)
    assert per_category["a"] == 600_000
    assert per_category["b"] == per_category["c"] == common["0.98"]


def test_coverage_and_precision_are_those_of_the_certain_answers() -> None:
    judged = [Judged("a", ("a",), 900), Judged("a", ("b",), 800), Judged("a", ("a",), 100)]
    found = evaluation.metrics(judged, thresholds={"0.95": 800, "0.98": NEVER})
    assert found["coverage_at"] == {"0.95": 0.6667, "0.98": 0.0}
    assert found["precision_at"] == {"0.95": 0.5, "0.98": 0.0}


def test_confusion_names_the_wrong_pairs_most_frequent_first() -> None:
    judged = [Judged("a", ("b",))] * 2 + [Judged("b", ("a",)), Judged("a", ("a",)), Judged("c", ())]
    assert evaluation.confusion(judged) == [("a", "b", 2), ("b", "a", 1), ("c", "", 1)]
