"""What a model says about a product: load the bytes, score in integers, suggest labels.

NumPy only. Scores are integers in 1/2**39, confidence is integer parts per million; the TypeScript
twin in frontend/src/categorizer computes the same integers from the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from categorizer import features
from categorizer.arithmetic import MAX_COUNT, count_weights, exp_table, sqrt_floor
from categorizer.artifact import ModelData, UnusableModel, decode
from categorizer.text import TEXT_VERSION, parse_fold_table, words

__all__ = ["Answer", "Categorizer", "Suggestion", "UnusableModel", "confidences_ppm", "load"]

MILLION = 1_000_000
# Differences of scores are first cut to 1/2**16, then multiplied by the temperature (1/256) and cut
# to 1/256.
_DIFFERENCE_SHIFT = 23
_EXPONENT_SHIFT = 16
_LAST_EXPONENT = 4096
# Words remembered with their features; a vocabulary is rarely larger, and the memory is bounded
# when it is.
_REMEMBERED_WORDS = 20_000
# Features scored in one go: enough to keep NumPy busy, few enough to stay in the processor's cache.
_FEATURES_AT_ONCE = 20_000
# Up to so many bytes the weights are also laid out as a table, features x labels: gathering rows
# of it is three to ten times quicker than walking the entries.
_LARGEST_TABLE = 1 << 25

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A label with its score (1/2**39) and its confidence (parts per million, all labels together
    at most 1,000,000).
    """

    label: str
    score: int
    confidence_ppm: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says about one product, best label first.

    `matched` counts the known features of the product's text, block by block. At 0 the model has
    read nothing it knows: all it can go by is how often each label occurs, and numbers at best.
    """

    suggestions: tuple[Suggestion, ...]
    matched: int


def confidences_ppm(scores: Int64Array, temperature: int, noise: int) -> Int64Array:
    """Return the confidence of each of `scores` (rows x labels, 1/2**39), in parts per million.

    It is the softmax at an inverse temperature (1/256), a share `noise` (parts per million) of it
    replaced by equal chances for all labels; both terms are rounded down.
    """
    weights = softmax_weights(exponents_256(scores, temperature))
    for_any = noise // scores.shape[-1]
    result: Int64Array = (
        weights * (MILLION - noise) // weights.sum(axis=-1, keepdims=True) + for_any
    )
    return result


def softmax_weights(exponents: Int64Array) -> Int64Array:
    """Return 2**30 * exp(-e / 256) of each exponent; from 4096 on it is zero."""
    weights: Int64Array = exp_table().astype(np.int64)[np.minimum(exponents, _LAST_EXPONENT)]
    return weights


def exponents_256(scores: Int64Array, temperature: int) -> Int64Array:
    """Return how far each score lies below its row's best, times the inverse temperature, in 1/256,
    rounded down.
    """
    behind = (scores.max(axis=-1, keepdims=True) - scores) >> _DIFFERENCE_SHIFT
    result: Int64Array = (behind * temperature) >> _EXPONENT_SHIFT
    return result


class _Found:
    """The known features of some products, counted: entry by entry, block by block, row by row."""

    __slots__ = ("block_sizes", "counts", "ids", "rows")

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.counts: list[int] = []
        self.block_sizes: list[int] = []
        self.rows = 0

    def add(self, features: list[int]) -> None:
        """Add one block's features, each as often as it occurs."""
        counted = Counter(features)
        self.ids.extend(counted)
        self.counts.extend(counted.values())
        self.block_sizes.append(len(counted))

    def row_sizes(self) -> list[int]:
        """Return how many entries each row has."""
        if not self.rows:
            return []
        blocks = len(self.block_sizes) // self.rows
        sizes: list[int] = np.array(self.block_sizes).reshape(-1, blocks).sum(axis=1).tolist()
        return sizes


class Categorizer:
    """A loaded model. Immutable after loading and safe to use from several threads."""

    def __init__(self, data: ModelData, *, sha256: str) -> None:
        self.sha256 = sha256
        self.labels = data.labels
        self.text_fields = data.spec.text_fields
        self.number_fields = data.spec.number_fields
        self.text_version = TEXT_VERSION
        self.dataset_sha256 = str(data.origin.get("dataset_sha256", ""))
        self.data = data
        self.fold = parse_fold_table(data.fold)
        self._starts = np.concatenate(([0], np.cumsum(data.counts, dtype=np.int64)))
        self._lengths = data.counts.astype(np.int64)
        self._classes = data.classes.astype(np.int64)
        # Products of components and weights stay below 2**53 (artifact.score_bound), so doubles add
        # them exactly.
        self._weights = data.weights.astype(np.float64)
        self._table = _table(data) if len(data.keys) * len(data.labels) <= _LARGEST_TABLE else None
        self._scale = data.scale.astype(np.int64)
        self._bias = data.bias
        self._index = dict(zip(data.keys.tolist(), range(len(data.keys)), strict=True))
        self._idf = data.idf.astype(np.int64)
        self._targets = np.array(data.block_targets, np.int64)
        self._remembered: list[dict[str, tuple[tuple[int, ...], tuple[int, ...]]]] = [
            {} for _ in data.spec.text_fields
        ]

    def suggest(self, product: Mapping[str, object], *, top: int = 5) -> Answer:
        """Return the `top` best labels for one product, a mapping of field names to values. Raise
        BadProduct.
        """
        return self.suggest_many([product], top=top)[0]

    def suggest_many(
        self, products: Sequence[Mapping[str, object]], *, top: int = 5
    ) -> list[Answer]:
        """Return one answer for each product, the same as `suggest` gives. Raise BadProduct."""
        scores, matched = self.scores(products)
        confidences = confidences_ppm(scores, self.data.temperature, self.data.noise)
        # A stable sort: among equal scores the label that comes first in the model wins.
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        return [
            Answer(
                suggestions=tuple(
                    Suggestion(self.labels[label], int(row_scores[label]), int(row_ppm[label]))
                    for label in best
                ),
                matched=known,
            )
            for best, row_scores, row_ppm, known in zip(
                order.tolist(), scores, confidences, matched, strict=True
            )
        ]

    def scores(self, products: Sequence[Mapping[str, object]]) -> tuple[Int64Array, list[int]]:
        """Return the scores, products x labels in 1/2**39, and how many known features of text each
        has.
        """
        found = _Found()
        sums: list[Int64Array] = []
        matched: list[int] = []
        for product in products:
            matched.append(self._count(product, found))
            if len(found.ids) > _FEATURES_AT_ONCE:
                sums.append(self._sums(found))
                found = _Found()
        sums.append(self._sums(found))
        return np.concatenate(sums) * self._scale + self._bias, matched

    def feature(self, name: str) -> int | None:
        """Return the index of a feature, or None if the model does not know it."""
        return self._index.get(features.key(name))

    def _sums(self, found: _Found) -> Int64Array:
        """Add up component x weight for each product counted and each label."""
        rows, labels = found.rows, len(self.labels)
        feature = np.array(found.ids, np.int64)
        component = self._components(feature, found).astype(np.float64)
        sizes = found.row_sizes()
        if self._table is not None:
            sums = np.empty((rows, labels))
            first = 0
            for row, size in enumerate(sizes):
                chosen = self._table[feature[first : first + size]].astype(np.float64)
                sums[row] = component[first : first + size] @ chosen
                first += size
            return sums.astype(np.int64)
        lengths = self._lengths[feature]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        entry = np.repeat(self._starts[feature] - (ends - lengths), lengths) + np.arange(total)
        row_of = np.repeat(np.arange(rows), sizes)
        cell = self._classes[entry] + np.repeat(row_of * labels, lengths)
        terms = np.repeat(component, lengths) * self._weights[entry]
        flat = np.bincount(cell, weights=terms, minlength=rows * labels)
        return flat.astype(np.int64).reshape(rows, labels)

    def _components(self, feature: Int64Array, found: _Found) -> Int64Array:
        """Return each counted feature's component: tf x idf, scaled by block, in 1/2**15."""
        counts = np.minimum(np.array(found.counts, np.int64), MAX_COUNT)
        raw = count_weights()[counts] * self._idf[feature] >> 10
        block_sizes = np.array(found.block_sizes, np.int64)
        ends = np.cumsum(block_sizes)
        # Exact: sums of integers below 2**63, differences of running totals.
        totals = np.concatenate(([0], np.cumsum(raw * raw)))
        norm = np.repeat(sqrt_floor(totals[ends] - totals[ends - block_sizes]), block_sizes)
        target = np.repeat(np.tile(self._targets, found.rows), block_sizes)
        components: Int64Array = (raw * (2 * target) + norm) // (2 * norm)
        return components

    def _count(self, product: Mapping[str, object], found: _Found) -> int:
        """Count the product's known features, block by block; return how many are of text."""
        spec, index = self.data.spec, self._index
        before = len(found.ids)
        for field, name in enumerate(spec.text_fields):
            text = words(features.read_text(product, name), self.fold)
            in_words: list[int] = []
            in_chars: list[int] = []
            previous = None
            remembered = self._remembered[field]
            for word in text:
                known = remembered.get(word)
                if known is None:
                    known = self._remember(field, word)
                in_words += known[0]
                in_chars += known[1]
                if previous is not None:
                    pair = index.get(features.key(features.pair_feature(field, previous, word)))
                    if pair is not None:
                        in_words.append(pair)
                previous = word
            found.add(in_words)
            found.add(in_chars)
        of_text = len(found.ids) - before
        found.add(self._known(features.read_numbers(product, spec)))
        found.rows += 1
        return of_text

    def _remember(self, field: int, word: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        known = (
            tuple(self._known(features.word_features(field, word))),
            tuple(self._known(features.char_features(field, word, self.data.spec))),
        )
        remembered = self._remembered[field]
        if len(remembered) >= _REMEMBERED_WORDS:
            remembered.clear()
        # Not words of thousands of letters: a hostile text must not fill the memory.
        if len(word) <= 64:
            remembered[word] = known
        return known

    def _known(self, found: Iterable[str]) -> list[int]:
        lookup: Callable[[int], int | None] = self._index.get
        ids = [lookup(features.key(feature)) for feature in found]
        return [feature for feature in ids if feature is not None]


def _table(data: ModelData) -> NDArray[np.int8]:
    table = np.zeros((len(data.keys), len(data.labels)), np.int8)
    table[np.repeat(np.arange(len(data.keys)), data.counts), data.classes] = data.weights
    return table


def load(data: bytes, *, sha256: str) -> Categorizer:
    """Return the model in `data`, which must be the very bytes that `sha256` (hex) names. Raise
    UnusableModel.
    """
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise UnusableModel(f"the bytes are {actual}, expected {sha256}")
    return Categorizer(decode(data), sha256=sha256)
