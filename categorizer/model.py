"""What a model says about a product: load the bytes, score in integers, suggest labels.

NumPy only. Scores are integers in 1/2**39, confidence is integer parts per million; the TypeScript
twin in frontend/src/categorizer computes the same integers from the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from categorizer import features
from categorizer.arithmetic import MAX_COUNT, count_weights, exp_table
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
        self._idf: list[int] = data.idf.tolist()
        self._count_weights: list[int] = count_weights().tolist()
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
        """Return the scores, products x labels in 1/2**39, and how many known features each product
        has.
        """
        ids: list[int] = []
        components: list[int] = []
        sizes: list[int] = []
        matched: list[int] = []
        sums: list[Int64Array] = []
        for product in products:
            before = len(ids)
            matched.append(self._components(product, ids, components))
            sizes.append(len(ids) - before)
            if len(ids) > _FEATURES_AT_ONCE:
                sums.append(self._sums(ids, components, sizes))
                ids, components, sizes = [], [], []
        sums.append(self._sums(ids, components, sizes))
        return np.concatenate(sums) * self._scale + self._bias, matched

    def feature(self, name: str) -> int | None:
        """Return the index of a feature, or None if the model does not know it."""
        return self._index.get(features.key(name))

    def _sums(self, ids: list[int], components: list[int], sizes: list[int]) -> Int64Array:
        """Add up component x weight for each product and label."""
        rows, labels = len(sizes), len(self.labels)
        feature = np.array(ids, np.int64)
        if self._table is not None:
            component = np.array(components, np.float64)
            table_sums = np.empty((rows, labels))
            first = 0
            for row, size in enumerate(sizes):
                chosen = self._table[feature[first : first + size]].astype(np.float64)
                table_sums[row] = component[first : first + size] @ chosen
                first += size
            return table_sums.astype(np.int64)
        lengths = self._lengths[feature]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        entry = np.repeat(self._starts[feature] - (ends - lengths), lengths) + np.arange(total)
        cell = self._classes[entry]
        if rows > 1:
            cell = cell + np.repeat(np.repeat(np.arange(rows) * labels, sizes), lengths)
        terms = np.repeat(np.array(components, np.float64), lengths) * self._weights[entry]
        sums = np.bincount(cell, weights=terms, minlength=rows * labels)
        return sums.astype(np.int64).reshape(rows, labels)

    def _components(
        self, product: Mapping[str, object], ids: list[int], components: list[int]
    ) -> int:
        """Append the product's known features and their components in 1/2**15, block by block.

        Return how many of them are features of text.
        """
        before = len(ids)
        spec, index = self.data.spec, self._index
        block = iter(self.data.block_targets)
        for field, name in enumerate(spec.text_fields):
            text = words(features.read_text(product, name), self.fold)
            in_words: dict[int, int] = {}
            in_chars: dict[int, int] = {}
            previous = None
            for word in text:
                known = self._remembered[field].get(word)
                if known is None:
                    known = self._remember(field, word)
                for feature in known[0]:
                    in_words[feature] = in_words.get(feature, 0) + 1
                for feature in known[1]:
                    in_chars[feature] = in_chars.get(feature, 0) + 1
                if previous is not None:
                    pair = index.get(features.key(features.pair_feature(field, previous, word)))
                    if pair is not None:
                        in_words[pair] = in_words.get(pair, 0) + 1
                previous = word
            self._scaled(in_words, next(block), ids, components)
            self._scaled(in_chars, next(block), ids, components)
        of_text = len(ids) - before
        in_numbers: dict[int, int] = {}
        for feature in self._known(features.read_numbers(product, spec)):
            in_numbers[feature] = in_numbers.get(feature, 0) + 1
        self._scaled(in_numbers, next(block), ids, components)
        return of_text

    def _scaled(
        self, counts: dict[int, int], target: int, ids: list[int], components: list[int]
    ) -> None:
        if not counts:
            return
        idf, count_weight = self._idf, self._count_weights
        raw = [
            count_weight[count if count < MAX_COUNT else MAX_COUNT] * idf[feature] >> 10
            for feature, count in counts.items()
        ]
        norm = isqrt(sum([weight * weight for weight in raw]))
        double_target, double_norm = 2 * target, 2 * norm
        ids.extend(counts)
        components.extend([(weight * double_target + norm) // double_norm for weight in raw])

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
