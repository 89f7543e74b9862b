"""The few functions of real numbers that the categorizer needs, as exact or correctly rounded
integers.

libm and SIMD logarithms differ between processors in the last bit; `decimal` does not, and
everything else here is integer arithmetic. Units: `ln_1024` in 1/1024, `EXP_TABLE` in 1/2**30,
vectors in 1/2**15.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

ONE = 1 << 15  # a vector component of 1.0
MAX_COUNT = 63  # an occurrence count above this weighs no more

Int64Array = NDArray[np.int64]


def ln_1024(numerator: int, denominator: int = 1) -> int:
    """Return round(1024 * ln(numerator / denominator)); ties cannot occur."""
    with localcontext() as context:
        context.prec = 40
        return int((1024 * (Decimal(numerator) / Decimal(denominator)).ln()).to_integral_value())


@lru_cache(maxsize=1)
def count_weights() -> Int64Array:
    """Return the weight of an occurrence count, 1024 * (1 + ln count), for counts 0 to 63; count 0
    weighs 0.
    """
    return np.array([0] + [1024 + ln_1024(count) for count in range(1, MAX_COUNT + 1)], np.int64)


@lru_cache(maxsize=1)
def exp_table() -> NDArray[np.uint32]:
    """Return round(2**30 * exp(-i / 256)) for i = 0 .. 4095, and 0 at 4096."""
    with localcontext() as context:
        context.prec = 40
        values = [
            int((Decimal(1 << 30) * (Decimal(-i) / 256).exp()).to_integral_value())
            for i in range(4096)
        ]
    return np.array([*values, 0], "<u4")


def sqrt_floor(squares: Int64Array) -> Int64Array:
    """Return floor(sqrt(x)) of each 0 <= x < 2**62, exactly.

    The double square root is correctly rounded by IEEE 754 but its argument may not fit; two
    integer steps repair it.
    """
    roots: Int64Array = np.sqrt(squares.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > squares
    roots += (roots + 1) * (roots + 1) <= squares
    return roots


def unit(weights: Int64Array, target: int = ONE) -> Int64Array:
    """Scale positive integer weights to a vector of length `target` (in 1/2**15), each rounded half
    up.
    """
    norm = isqrt(int((weights * weights).sum()))
    return (weights * (2 * target) + norm) // (2 * norm)


_LOG_STEPS = 4096


@lru_cache(maxsize=1)
def _mantissa_logs() -> Int64Array:
    """Return round(2**20 * ln(1 + j / 4096)) for j = 0 .. 4095."""
    with localcontext() as context:
        context.prec = 40
        return np.array(
            [
                int(
                    (
                        Decimal(1 << 20) * (Decimal(_LOG_STEPS + j) / _LOG_STEPS).ln()
                    ).to_integral_value()
                )
                for j in range(_LOG_STEPS)
            ],
            np.int64,
        )


def ln_fixed(numbers: Int64Array) -> Int64Array:
    """Return ln of each 1 <= x < 2**53 in 1/2**20, to about 1/4096."""
    mantissa, power = np.frexp(numbers.astype(np.float64))  # both exact
    steps = (mantissa * (2 * _LOG_STEPS)).astype(np.int64) - _LOG_STEPS
    ln_2 = 726_817  # round(2**20 * ln 2)
    result: Int64Array = _mantissa_logs()[steps] + (power.astype(np.int64) - 1) * ln_2
    return result
