from __future__ import annotations

import math

import numpy as np

from categorizer import calibration
from categorizer.calibration import NOISE_CANDIDATES, best_temperature, calibrate, log_loss

RANDOM = np.random.default_rng(3)


def drawn(rows: int, steepness: float, wrong: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and labels drawn from their softmax, a share of them replaced by any label at all."""
    margins = RANDOM.normal(0, 1, (rows, 8))
    chances = np.exp(steepness * margins)
    chances /= chances.sum(axis=1, keepdims=True)
    labels = np.array([RANDOM.choice(8, p=row) for row in chances])
    mislabelled = RANDOM.random(rows) < wrong
    labels[mislabelled] = RANDOM.integers(0, 8, int(mislabelled.sum()))
    return (margins * 2.0**39).astype(np.int64), labels


def test_it_finds_the_steepness_and_the_noise_that_made_the_labels() -> None:
    scores, labels = drawn(20_000, steepness=5.0, wrong=0.05)
    temperature, noise = calibrate(scores, labels)
    assert abs(temperature / 256 - 5.0) < 0.6
    assert noise in {30_000, 50_000, 80_000}
    _, none = calibrate(*drawn(20_000, steepness=2.0, wrong=0.0))
    assert none <= 5_000


def test_the_loss_is_the_log_loss() -> None:
    scores, labels = drawn(500, steepness=3.0, wrong=0.1)
    chances = np.exp(3 * scores / 2.0**39)
    chances = 0.98 * chances / chances.sum(axis=1, keepdims=True) + 0.02 / 8
    wanted = -np.log(chances[np.arange(500), labels]).sum()
    assert math.isclose(log_loss(scores, labels, 768, 20_000) / 2**20, wanted, rel_tol=0.01)


def test_no_other_candidate_has_less_loss() -> None:
    scores, labels = drawn(400, steepness=3.0, wrong=0.02)
    for noise in NOISE_CANDIDATES[::3]:
        found = best_temperature(scores, labels, noise)
        loss = log_loss(scores, labels, found, noise)
        rounding = 1 << 13
        assert all(
            log_loss(scores, labels, other, noise) >= loss - rounding
            for other in range(64, 4000, 61)
        )


def test_the_same_scores_give_the_same_numbers() -> None:
    scores, labels = drawn(300, steepness=3.0, wrong=0.02)
    assert calibrate(scores, labels) == calibrate(scores.copy(), labels.copy())
    assert calibration.DEFAULT_TEMPERATURE == 1024
