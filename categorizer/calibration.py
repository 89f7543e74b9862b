"""From scores to confidence: how steep, and how much to allow for labels that are simply wrong.

Confidence is a softmax of the scores at one inverse temperature, mixed with a little of "any label
at all". Catalogues have wrong labels; without that mixture the few confident mistakes they cause
would make the model modest about everything else (docs/adr/0003-choices-of-the-exact-model.md).
Integers throughout: what matters is that every machine chooses the same two numbers.
"""

from __future__ import annotations

import numpy as np

from categorizer.arithmetic import Int64Array, ln_fixed
from categorizer.artifact import MAX_TEMPERATURE
from categorizer.model import MILLION, exponents_256, softmax_weights

# About 4 x the margin fits most catalogues; it stands where nothing was calibrated.
DEFAULT_TEMPERATURE = 1024
NOISE_CANDIDATES = (0, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000, 50_000, 80_000)
_ROUNDS = 2


def calibrate(scores: Int64Array, label_of: Int64Array) -> tuple[int, int]:
    """Return the inverse temperature (1/256) and the noise (parts per million) of least log loss.

    `scores` is rows x labels in 1/2**39, of rows that the scoring models had not seen; `label_of`
    is the index of each row's label. The two numbers are improved in turn, twice.
    """
    noise = NOISE_CANDIDATES[3]
    temperature = DEFAULT_TEMPERATURE
    for _ in range(_ROUNDS):
        temperature = best_temperature(scores, label_of, noise)
        shares = _own_shares(scores, label_of, temperature)
        labels = scores.shape[1]
        noise = min(NOISE_CANDIDATES, key=lambda ppm: (_loss(shares, labels, ppm), ppm))
    return temperature, noise


def best_temperature(scores: Int64Array, label_of: Int64Array, noise: int) -> int:
    """Return the inverse temperature (1/256) of least log loss, a given noise allowed for.

    The loss falls and then rises, so thirds of the range can be dropped without looking at them.
    """
    candidates = [64]
    while candidates[-1] < MAX_TEMPERATURE:
        candidates.append(min(candidates[-1] + max(1, candidates[-1] // 32), MAX_TEMPERATURE))

    def loss(temperature: int) -> int:
        return log_loss(scores, label_of, temperature, noise)

    low, high = 0, len(candidates) - 1
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if loss(candidates[left]) <= loss(candidates[right]):
            high = right
        else:
            low = left
    return min(candidates[low : high + 1], key=lambda candidate: (loss(candidate), candidate))


def log_loss(scores: Int64Array, label_of: Int64Array, temperature: int, noise: int) -> int:
    """Return the log loss, summed over rows, in 1/2**20, to about 1/4096 a row."""
    return _loss(_own_shares(scores, label_of, temperature), scores.shape[1], noise)


def _own_shares(scores: Int64Array, label_of: Int64Array, temperature: int) -> Int64Array:
    """Return the softmax of each row's true label, in 1/2**30."""
    weights = softmax_weights(exponents_256(scores, temperature))
    own = weights[np.arange(len(label_of)), label_of]
    shares: Int64Array = (own << 30) // weights.sum(axis=1)
    return shares


def _loss(shares: Int64Array, labels: int, noise: int) -> int:
    mixed = shares * (MILLION - noise) // MILLION + (noise << 30) // (MILLION * labels)
    return int((ln_fixed(np.array([1 << 30])) - ln_fixed(np.maximum(mixed, 1))).sum())
