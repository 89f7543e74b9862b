"""Why a model said what it said: the features that spoke for and against a label, adding up to its
score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from categorizer import features
from categorizer.arithmetic import MAX_COUNT, count_weights, unit
from categorizer.model import Categorizer

_KINDS = {
    "w": "word",
    "b": "pair of words",
    "z": "digit shape",
    "c": "characters",
    "n": "number",
}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one feature adds to a label's score, in 1/2**39."""

    field: str
    kind: str
    text: str
    amount: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A label's score taken apart: `score == bias + sum(amount of every contribution)`, exactly.

    Contributions are ordered by size; those of size zero are left out.
    """

    label: str
    score: int
    bias: int
    contributions: tuple[Contribution, ...]


def explain(
    model: Categorizer, product: Mapping[str, object], *, label: str | None = None
) -> Explanation:
    """Explain a label's score for a product; without `label`, the best one's. Raise BadProduct,
    ValueError.
    """
    if label is None:
        label = model.suggest(product, top=1).suggestions[0].label
    if label not in model.labels:
        raise ValueError(f"the model has no label {label!r}")
    index = model.labels.index(label)
    data = model.data
    weight_of = _weights(model, index)
    scale, bias = int(data.scale[index]), int(data.bias[index])
    contributions: list[Contribution] = []
    blocks = features.blocks(product, data.spec, model.fold)
    for found, target in zip(blocks, data.block_targets, strict=True):
        # Two features of one block may share a key; the model counts them together, and so does
        # this.
        names: dict[int, str] = {}
        counts: Counter[int] = Counter()
        for name in found:
            feature = model.feature(name)
            if feature is not None:
                names.setdefault(feature, name)
                counts[feature] += 1
        if not counts:
            continue
        ids = np.array(list(counts), np.int64)
        seen = np.minimum(np.array(list(counts.values()), np.int64), MAX_COUNT)
        components = unit(count_weights()[seen] * data.idf[ids].astype(np.int64) >> 10, target)
        for feature, component in zip(ids.tolist(), components.tolist(), strict=True):
            amount = component * weight_of.get(feature, 0) * scale
            if amount:
                contributions.append(_named(model, names[feature], amount))
    contributions.sort(key=lambda item: (-abs(item.amount), item.field, item.kind, item.text))
    return Explanation(
        label=label,
        score=bias + sum(item.amount for item in contributions),
        bias=bias,
        contributions=tuple(contributions),
    )


def _weights(model: Categorizer, label: int) -> dict[int, int]:
    """Return the weight of every feature that has one for this label."""
    data = model.data
    entries = np.flatnonzero(data.classes == label)
    ends = np.cumsum(data.counts, dtype=np.int64)
    owners = np.searchsorted(ends, entries, side="right")
    return dict(zip(owners.tolist(), data.weights[entries].tolist(), strict=True))


def _named(model: Categorizer, name: str, amount: int) -> Contribution:
    head, _, text = name.partition(" ")
    kind, index = head[0], int(head[1:])
    fields = model.number_fields if kind == "n" else model.text_fields
    if kind == "n":
        text = "is missing" if text == "-" else f"is in bucket {text}"
    return Contribution(field=fields[index], kind=_KINDS[kind], text=text, amount=amount)
