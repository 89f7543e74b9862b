"""Dual coordinate descent for the one-vs-rest linear SVM with squared hinge loss, in 64-bit
integers.

The algorithm is Hsieh, Chang, Lin, Keerthi, Sundararajan, "A Dual Coordinate Descent Method for
Large-scale Linear SVM" (ICML 2008), algorithm 1 with D_ii = 1/(2C), all classes of a row updated
together. Fixed point: row components in 1/2**15, weights and dual variables in 1/2**24. Only + - *
>> and floor division of integers occur, so every processor, vector width and thread count gives the
same bits. Numba compiles the loop (docs/adr/0001-numba-for- training.md); the same function,
interpreted, gives the same weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

WEIGHT_BITS = 24
_LIMIT = 1 << 29  # |weight| < 32.0 keeps every score below 2**53; see artifact.py

Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]


class FixedPointOverflow(ArithmeticError):
    """A weight left the range of its fixed point format: C is too large for this data."""


def descend(
    starts: Int64Array,
    columns: Int32Array,
    values: Int32Array,
    labels: Int32Array,
    order: Int64Array,
    diagonal: int,
    weights: Int32Array,
    duals: Int32Array,
) -> None:
    """Run one epoch in place: visit the rows in `order` and move every class's dual variable of
    each.

    Row i has components `values[starts[i]:starts[i+1]]` at `columns[...]`; `weights` is features x
    classes, `duals` rows x classes; `diagonal` is 1/(2C) in 1/2**15.
    """
    classes = weights.shape[1]
    scores = np.empty(classes, np.int64)
    steps = np.empty(classes, np.int64)
    one = 1 << 24
    half = 1 << 14
    for row in order:
        first, last = starts[row], starts[row + 1]
        for k in range(classes):
            scores[k] = 0
        curvature = np.int64(0)
        for at in range(first, last):
            value = np.int64(values[at])
            curvature += value * value
            column = columns[at]
            for k in range(classes):
                scores[k] += value * weights[column, k]
        width = (curvature >> 15) + diagonal
        moved = False
        for k in range(classes):
            sign = 1 if labels[row] == k else -1
            dual = np.int64(duals[row, k])
            gradient = sign * (scores[k] >> 15) - one + ((diagonal * dual) >> 15)
            steps[k] = 0
            if dual > 0 or gradient < 0:
                moved_to = max(dual - (gradient << 15) // width, 0)
                if moved_to != dual:
                    duals[row, k] = moved_to
                    steps[k] = sign * (moved_to - dual)
                    moved = True
        if moved:
            for at in range(first, last):
                value = np.int64(values[at])
                column = columns[at]
                for k in range(classes):
                    weights[column, k] += (value * steps[k] + half) >> 15


def epoch_order(rows: int, *, seed: int, epoch: int) -> Int64Array:
    """Return a permutation of the rows that depends on nothing but its arguments."""
    keys = np.frombuffer(hashlib.shake_256(b"%d/%d" % (seed, epoch)).digest(8 * rows), "<u8")
    return np.argsort(keys, kind="stable").astype(np.int64)


def solve(
    *,
    starts: Int64Array,
    columns: Int32Array,
    values: Int32Array,
    labels: Int32Array,
    features: int,
    classes: int,
    diagonal: int,
    epochs: int,
    seed: int,
    on_epoch: Callable[[], None] = lambda: None,
    compiled: bool = True,
) -> Int32Array:
    """Return the weights, features x classes, in 1/2**24. Raise FixedPointOverflow."""
    step = _compiled() if compiled else descend
    rows = len(labels)
    weights = np.zeros((features, classes), np.int32)
    duals = np.zeros((rows, classes), np.int32)
    for epoch in range(epochs):
        order = epoch_order(rows, seed=seed, epoch=epoch)
        step(starts, columns, values, labels, order, diagonal, weights, duals)
        largest = max(-int(weights.min(initial=0)), int(weights.max(initial=0)))
        if largest >= _LIMIT or int(duals.max(initial=0)) >= _LIMIT:
            raise FixedPointOverflow("a weight passed 32; choose a smaller C")
        on_epoch()
    return weights


def _compiled() -> Callable[..., None]:
    # Numba takes a second to import and nothing but training needs it.
    import numba

    global _descend  # noqa: PLW0603 - compiled once per process
    if _descend is None:
        _descend = cast(Any, numba).njit(nogil=True)(descend)
    return cast(Callable[..., None], _descend)


_descend: Any = None
