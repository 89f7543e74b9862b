"""Exact training: the same rows, options and code give the same model bytes on every machine.

1. Every product becomes bags of features (`features.py`), weighted by tf-idf and scaled block by
block, in integers.
2. A one-vs-rest linear SVM is solved in integers (`solver.py`).
3. The weights are pruned to a budget and cut to eight bits.
4. Steps 1 to 3 are repeated on four fifths of the rows, five times, to score every row by a model
that has not seen
   it: from those scores come the temperature (confidence) here, and the thresholds in
   `evaluation.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from categorizer import features, solver
from categorizer.arithmetic import (
    MAX_COUNT,
    ONE,
    count_weights,
    ln_1024,
    sqrt_floor,
)
from categorizer.artifact import MAX_WEIGHT, ModelData
from categorizer.calibration import DEFAULT_TEMPERATURE, calibrate
from categorizer.dataset import look_alikes, parts
from categorizer.features import FeatureSpec
from categorizer.text import fold_table, fold_table_bytes, words

Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]

_FEW_ROWS = 5_000
_CODE = (
    "arithmetic.py",
    "artifact.py",
    "calibration.py",
    "canonical.py",
    "dataset.py",
    "features.py",
    "fold.json",
    "model.py",
    "solver.py",
    "text.py",
    "training.py",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The knobs of training; the defaults are used for every catalogue alike.

    `c` is the SVM's C (a decimal number as text, for exactness). A word, pair or n-gram must occur
    in `min_rows` training rows; 0 asks for 2, or 1 when there are fewer than 5,000 rows and every
    clue counts. Numbers together weigh `number_weight` (1/2**15) where a text block weighs 1.
    `max_weights` bounds the entries of the model file, two or three bytes each. `folds` is how many
    parts the training rows are dealt into for calibration; 0 asks for 5, or 20 when there are fewer
    than 5,000 rows and training is quick.
    """

    c: str = "1"
    epochs: int = 10
    min_rows: int = 0
    chars_from: int = 2
    chars_to: int = 4
    number_weight: int = 16_384
    max_weights: int = 500_000
    folds: int = 0
    seed: int = 0

    def for_rows(self, rows: int) -> Options:
        """Return these options with `min_rows` and `folds` decided."""
        few = rows < _FEW_ROWS
        return replace(
            self,
            min_rows=self.min_rows or (1 if few else 2),
            folds=self.folds or (20 if few else 5),
        )

    @property
    def diagonal(self) -> int:
        """Return 1/(2C) in 1/2**15."""
        c = Fraction(self.c)
        if not Fraction(1, 64) <= c <= 64:
            raise ValueError("c must be between 1/64 and 64")
        return int(ONE / (2 * c))


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and what it said about its own training rows when it had not seen them.

    `held_out_scores` is rows x labels in 1/2**39, `label_of` the index of each row's label.
    """

    model: ModelData
    held_out_scores: Int64Array
    label_of: Int64Array


class _Steps:
    """Counts work done for a progress bar."""

    def __init__(self, total: int, report: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._report = 0, total, report

    def one(self) -> None:
        self._done += 1
        if self._report is not None:
            self._report(self._done, self._total)


@dataclass(frozen=True, slots=True)
class _Bags:
    """The features of all rows: entry e is feature `ids[e]`, `counts[e]` times, in block
    `blocks[e]` of row `rows[e]`.

    `keys` names the features, ascending. Entries are ordered by row, then block, then feature.
    """

    keys: NDArray[np.uint32]
    rows: Int64Array
    blocks: Int64Array
    ids: Int64Array
    counts: Int64Array

    def of(self, rows: Int64Array, total: int) -> _Bags:
        """Return the entries of some rows (ascending), renumbered from 0."""
        number = np.full(total, -1, np.int64)
        number[rows] = np.arange(len(rows))
        kept = number[self.rows] >= 0
        return _Bags(
            self.keys, number[self.rows[kept]], self.blocks[kept], self.ids[kept], self.counts[kept]
        )


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The features that training kept: `number[id]` is a feature's row in the weights, or -1."""

    keys: NDArray[np.uint32]
    idf: Int64Array
    number: Int64Array


@dataclass(frozen=True, slots=True)
class _Weights:
    """Pruned eight-bit weights, features x labels, their scale per label, and the bias in score
    units (1/2**39).
    """

    quantised: NDArray[np.int8]
    scale: Int64Array
    bias: Int64Array


def train(
    products: Sequence[Mapping[str, object]],
    labels: Sequence[str],
    *,
    text_fields: Sequence[str],
    number_fields: Sequence[str] = (),
    options: Options | None = None,
    fold_of: Sequence[int] | None = None,
    origin: Mapping[str, object] | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train a model. `report(done, total)` is called as work proceeds.

    `fold_of` says which fold holds each row out; `folds` makes it. Without it nothing is
    calibrated: the temperature is the default and the held-out scores are empty. `origin` is
    written into the model (no floats). Raise BadProduct, ValueError (fewer than two labels) or
    solver.FixedPointOverflow.
    """
    options = (options or Options()).for_rows(len(labels))
    names = sorted(set(labels))
    if len(names) < 2:
        raise ValueError("training needs at least two different labels")
    spec = FeatureSpec(
        tuple(text_fields), tuple(number_fields), options.chars_from, options.chars_to
    )
    position = {name: index for index, name in enumerate(names)}
    label_of = np.array([position[label] for label in labels], np.int64)
    targets = (ONE,) * (spec.blocks - 1) + (options.number_weight,)
    folds_used = sorted(set(fold_of)) if fold_of is not None else []
    steps = _Steps(1 + (1 + len(folds_used)) * options.epochs, report)
    bags = _read_bags(products, spec)
    steps.one()

    every = np.arange(len(labels), dtype=np.int64)
    scores = np.zeros((len(labels) if folds_used else 0, len(names)), np.int64)
    for fold in folds_used:
        held = np.array(fold_of) == fold
        scores[held] = _held_out(
            bags, every[~held], every[held], label_of, len(names), targets, options, steps
        )
    confidence = calibrate(scores, label_of) if folds_used else (DEFAULT_TEMPERATURE, 0)
    vocabulary, weights = _fit(bags, every, label_of, len(names), targets, options, steps)
    return Trained(
        model=_assembled(spec, names, targets, confidence, vocabulary, weights, options, origin),
        held_out_scores=scores,
        label_of=label_of,
    )


def folds(
    texts: Sequence[str], *, is_test: Sequence[bool], options: Options
) -> tuple[str, list[int]]:
    """Deal the training rows into folds; return how ("group" or "row") and each row's fold.

    They are dealt the way the file keeps its test rows apart. `texts` is the main text of all rows,
    test rows too. Where look-alikes of test rows sit among the training rows, as after a random
    split, folds are dealt row by row; where the split keeps look-alikes together, or there is no
    test row, so do the folds. A model is then calibrated on questions as hard as the ones it will
    be asked. No label and no answer of a test row is used.
    """
    leaders = look_alikes(texts)
    training = {leader for leader, test in zip(leaders, is_test, strict=True) if not test}
    tested = [leader for leader, test in zip(leaders, is_test, strict=True) if test]
    shared = sum(leader in training for leader in tested)
    by_row = 20 * shared > len(tested)
    names = [
        f"{index}" if by_row else texts[leader]
        for index, (leader, test) in enumerate(zip(leaders, is_test, strict=True))
        if not test
    ]
    count = options.for_rows(len(names)).folds
    return ("row" if by_row else "group"), parts(names, count)


def code_sha256() -> str:
    """Return one digest of every file that decides what a model's bytes are."""
    here = Path(__file__).parent
    lines = [
        f"{hashlib.sha256((here / name).read_bytes()).hexdigest()}  {name}\n" for name in _CODE
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read_bags(products: Sequence[Mapping[str, object]], spec: FeatureSpec) -> _Bags:
    table = fold_table()
    remembered: dict[tuple[int, str], tuple[list[int], list[int]]] = {}
    rows: list[int] = []
    blocks: list[int] = []
    keys: list[int] = []
    counts: list[int] = []

    def add(row: int, block: int, found: list[int]) -> None:
        bag = Counter(found)
        ordered = sorted(bag)
        rows.extend([row] * len(ordered))
        blocks.extend([block] * len(ordered))
        keys.extend(ordered)
        counts.extend([bag[name] for name in ordered])

    for row, product in enumerate(products):
        for field, name in enumerate(spec.text_fields):
            text = words(features.read_text(product, name), table)
            in_words = [features.key(pair) for pair in features.pairs(field, text)]
            in_chars: list[int] = []
            for word in text:
                known = remembered.get((field, word))
                if known is None:
                    known = remembered[field, word] = (
                        [features.key(found) for found in features.word_features(field, word)],
                        [
                            features.key(found)
                            for found in features.char_features(field, word, spec)
                        ],
                    )
                in_words += known[0]
                in_chars += known[1]
            add(row, 2 * field, in_words)
            add(row, 2 * field + 1, in_chars)
        add(
            row,
            spec.blocks - 1,
            [features.key(name) for name in features.read_numbers(product, spec)],
        )
    found_keys = np.array(keys, np.uint32)
    unique = np.unique(found_keys)
    # np.unique's own inverse comes from an argsort in SIMD that some emulated CPUs get wrong.
    ids = np.searchsorted(unique, found_keys)
    return _Bags(
        keys=unique,
        rows=np.array(rows, np.int64),
        blocks=np.array(blocks, np.int64),
        ids=ids.astype(np.int64),
        counts=np.minimum(np.array(counts, np.int64), MAX_COUNT),
    )


def _vocabulary(bags: _Bags, rows: int, last_block: int, options: Options) -> _Vocabulary:
    """Keep the features of text that occur in enough rows, and every feature of numbers."""
    in_rows = np.bincount(bags.ids, minlength=len(bags.keys))
    is_number = np.zeros(len(bags.keys), bool)
    is_number[bags.ids[bags.blocks == last_block]] = True
    kept = (in_rows >= options.min_rows) | (is_number & (in_rows > 0))
    number = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int64)
    idf_of = {
        count: 1024 + ln_1024(1 + rows, 1 + count) for count in np.unique(in_rows[kept]).tolist()
    }
    # A key that two features share can occur in more "rows" than there are; an idf is never below
    # 1.
    idf = np.array([max(idf_of[count], 1024) for count in in_rows[kept].tolist()], np.int64)
    return _Vocabulary(keys=bags.keys[kept], idf=idf, number=number)


def _vectors(bags: _Bags, vocabulary: _Vocabulary, targets: Sequence[int], rows: int) -> csr_array:
    """Return rows x (features + 1) in 1/2**15; the last column is 1, for the bias."""
    blocks = len(targets)
    number = vocabulary.number[bags.ids]
    known = number >= 0
    number = number[known]
    raw = count_weights()[bags.counts[known]] * vocabulary.idf[number] >> 10
    segment = bags.rows[known] * blocks + bags.blocks[known]
    # Sums of squares stay below 2**53, so the doubles that bincount adds are exact.
    squares = np.bincount(segment, weights=(raw * raw).astype(np.float64), minlength=rows * blocks)
    norm = sqrt_floor(squares.astype(np.int64))[segment]
    target = np.array(targets, np.int64)[bags.blocks[known]]
    component = (raw * (2 * target) + norm) // (2 * norm)
    bias = len(vocabulary.keys)
    row_of = np.concatenate((bags.rows[known], np.arange(rows)))
    order = np.argsort(row_of, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(row_of, minlength=rows))))
    return csr_array(
        (
            np.concatenate((component, np.full(rows, ONE)))[order],
            np.concatenate((number, np.full(rows, bias)))[order],
            starts,
        ),
        shape=(rows, bias + 1),
    )


def _fit(
    bags: _Bags,
    rows: Int64Array,
    label_of: Int64Array,
    labels: int,
    targets: Sequence[int],
    options: Options,
    steps: _Steps,
) -> tuple[_Vocabulary, _Weights]:
    mine = bags.of(rows, len(label_of))
    vocabulary = _vocabulary(mine, len(rows), len(targets) - 1, options)
    vectors = _vectors(mine, vocabulary, targets, len(rows))
    weights = solver.solve(
        starts=vectors.indptr.astype(np.int64),
        columns=vectors.indices.astype(np.int32),
        values=vectors.data.astype(np.int32),
        labels=label_of[rows].astype(np.int32),
        features=vectors.shape[1],
        classes=labels,
        diagonal=options.diagonal,
        epochs=options.epochs,
        seed=options.seed,
        on_epoch=steps.one,
    )
    return vocabulary, _compressed(weights, vocabulary.idf, options.max_weights)


def _held_out(
    bags: _Bags,
    rows: Int64Array,
    held: Int64Array,
    label_of: Int64Array,
    labels: int,
    targets: Sequence[int],
    options: Options,
    steps: _Steps,
) -> Int64Array:
    """Train on `rows`, return the scores of the rows `held` out."""
    vocabulary, weights = _fit(bags, rows, label_of, labels, targets, options, steps)
    vectors = _vectors(bags.of(held, len(label_of)), vocabulary, targets, len(held))
    sums = vectors[:, :-1] @ weights.quantised.astype(np.int64)
    scores: Int64Array = sums * weights.scale + weights.bias
    return scores


def _compressed(weights: Int32Array, idf: Int64Array, budget: int) -> _Weights:
    """Keep the `budget` weights that matter most, by size times idf, and cut them to eight bits per
    label.
    """
    body = weights[:-1].copy()
    importance = np.abs(body).astype(np.int64) * idf[:, None]
    if np.count_nonzero(importance) > budget:
        flat = importance.ravel()
        limit = np.partition(flat, len(flat) - budget)[len(flat) - budget]
        above = flat > limit
        # Among equals at the limit the first ones stay, so that exactly `budget` remain on every
        # machine.
        ties = np.flatnonzero(flat == limit)[: budget - int(above.sum())]
        above[ties] = True
        body.ravel()[~above] = 0
    largest = np.abs(body).max(axis=0, initial=0).astype(np.int64)
    scale = np.maximum(-(-largest // MAX_WEIGHT), 1)
    rounded = (2 * np.abs(body) + scale) // (2 * scale)
    return _Weights(
        quantised=(np.sign(body) * rounded).astype(np.int8),
        scale=scale,
        bias=weights[-1].astype(np.int64) * ONE,
    )


def _assembled(
    spec: FeatureSpec,
    labels: Sequence[str],
    targets: Sequence[int],
    confidence: tuple[int, int],
    vocabulary: _Vocabulary,
    weights: _Weights,
    options: Options,
    origin: Mapping[str, object] | None,
) -> ModelData:
    feature, label = np.nonzero(weights.quantised)
    return ModelData(
        spec=spec,
        labels=tuple(labels),
        block_targets=tuple(targets),
        temperature=confidence[0],
        noise=confidence[1],
        keys=vocabulary.keys,
        idf=vocabulary.idf.astype(np.uint16),
        counts=np.bincount(feature, minlength=len(vocabulary.keys)).astype(np.uint16),
        classes=label,
        weights=weights.quantised[feature, label],
        scale=weights.scale.astype(np.uint32),
        bias=weights.bias,
        fold=fold_table_bytes(),
        origin={**(origin or {}), "code_sha256": code_sha256(), "options": asdict(options)},
    )
