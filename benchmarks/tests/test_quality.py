"""The judge of the benchmarks, on answers small enough to judge by hand."""

import numpy as np
import pytest

from benchmarks.quality import (
    Answers,
    coverage_above,
    expected_calibration_error,
    judge,
    threshold_for,
)

TRUTH = ["a", "a", "b", "b"]


def answers(labels: str, *confidences: float) -> Answers:
    return Answers(list(labels), np.array(confidences))


def test_a_threshold_lets_through_as_much_as_its_precision_allows() -> None:
    found = answers("aabx", 0.9, 0.8, 0.7, 0.6)
    assert threshold_for(0.95, found, TRUTH) == 0.7
    assert threshold_for(0.75, found, TRUTH) == 0.6


def test_a_threshold_looks_past_an_early_mistake() -> None:
    found = answers("xabb", 0.9, 0.8, 0.7, 0.6)
    assert threshold_for(0.75, found, TRUTH) == 0.6


def test_a_threshold_takes_all_answers_of_equal_confidence() -> None:
    found = answers("aabx", 0.9, 0.7, 0.7, 0.7)
    assert threshold_for(0.95, found, TRUTH) == 0.9


def test_a_precision_out_of_reach_lets_nothing_through() -> None:
    found = answers("xxxx", 0.9, 0.8, 0.7, 0.6)
    threshold = threshold_for(0.5, found, TRUTH)
    assert coverage_above(threshold, found, TRUTH).share == 0


def test_coverage_says_how_much_and_how_right() -> None:
    coverage = coverage_above(0.7, answers("axbb", 0.9, 0.8, 0.7, 0.6), TRUTH)
    assert coverage.share == 0.75
    assert coverage.precision == pytest.approx(2 / 3)


def test_confidence_that_keeps_its_word_has_no_calibration_error() -> None:
    assert expected_calibration_error(answers("aaxx", 0.5, 0.5, 0.5, 0.5), TRUTH) == 0


def test_boasting_is_a_calibration_error() -> None:
    error = expected_calibration_error(answers("aaxx", 1.0, 1.0, 1.0, 1.0), TRUTH)
    assert error == pytest.approx(0.5)


def test_a_label_that_is_never_found_pulls_macro_f1_down() -> None:
    quality = judge(answers("aaaa", 0.9, 0.9, 0.9, 0.9), TRUTH, {0.95: 0.5})
    assert quality.accuracy == 0.5
    assert quality.macro_f1 == pytest.approx((2 / 3 + 0) / 2)
    assert quality.coverage[0.95].share == 1
