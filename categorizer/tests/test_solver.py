from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.svm import LinearSVC

from categorizer import solver


def problem(rows: int, features: int, classes: int) -> tuple[csr_array, np.ndarray]:
    """Rows with a bias column whose label is hidden in a few of their features."""
    random = np.random.default_rng(7)
    labels = random.integers(0, classes, rows)
    dense = np.zeros((rows, features + 1), np.int64)
    for row in range(rows):
        chosen = random.choice(features, 6, replace=False)
        dense[row, chosen] = random.integers(3_000, 14_000, 6)
        dense[row, labels[row] * 3 + random.integers(0, 3)] += 12_000
    dense[:, features] = 32_768
    return csr_array(dense), labels.astype(np.int32)


def solve(vectors: csr_array, labels: np.ndarray, *, epochs: int, compiled: bool) -> np.ndarray:
    return solver.solve(
        starts=vectors.indptr.astype(np.int64),
        columns=vectors.indices.astype(np.int32),
        values=vectors.data.astype(np.int32),
        labels=labels,
        features=vectors.shape[1],
        classes=int(labels.max()) + 1,
        diagonal=1 << 14,
        epochs=epochs,
        seed=0,
        compiled=compiled,
    )


def test_compiled_and_interpreted_training_give_the_same_weights() -> None:
    vectors, labels = problem(60, 20, 4)
    compiled = solve(vectors, labels, epochs=3, compiled=True)
    interpreted = solve(vectors, labels, epochs=3, compiled=False)
    assert compiled.any()
    assert np.array_equal(compiled, interpreted)


def test_the_solution_is_the_one_scikit_learn_finds() -> None:
    vectors, labels = problem(400, 40, 5)
    found = solve(vectors, labels, epochs=200, compiled=True) / 2.0**solver.WEIGHT_BITS
    reference = LinearSVC(C=1.0, fit_intercept=False, tol=1e-8, max_iter=100_000).fit(
        vectors / 32_768.0, labels
    )
    assert np.abs(found.T - reference.coef_).max() < 0.002


def test_an_order_is_a_permutation_that_differs_between_epochs_and_seeds() -> None:
    first = solver.epoch_order(1000, seed=0, epoch=0)
    assert sorted(first.tolist()) == list(range(1000))
    assert first.tolist() != solver.epoch_order(1000, seed=0, epoch=1).tolist()
    assert first.tolist() != solver.epoch_order(1000, seed=1, epoch=0).tolist()
    assert first[:5].tolist() == solver.epoch_order(1000, seed=0, epoch=0)[:5].tolist()


def test_weights_that_leave_their_range_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "_LIMIT", 1 << 20)
    vectors, labels = problem(60, 20, 4)
    with pytest.raises(solver.FixedPointOverflow):
        solve(vectors, labels, epochs=1, compiled=True)
