"""The model file, `shelfmark-model/1`: a safetensors container with one canonical byte string per
model.

Everything that decides an answer is inside, the fold table too, so one SHA-256 names it all. The
container is written and read here, because the byte order must be ours (the safetensors library
orders metadata at random) and because the web process needs nothing of it but this; a test has the
library read what we write. See docs/artifact-format.md.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from categorizer.arithmetic import ONE, exp_table
from categorizer.canonical import canonical_json
from categorizer.features import FeatureSpec
from categorizer.text import MAX_FOLDED, TEXT_VERSION, BadFoldTable, parse_fold_table

FORMAT = "shelfmark-model/1"
MAX_LABELS = 65_535
# The largest integer up to which doubles, and so JavaScript, count without gaps.
MAX_EXACT = 2**53
MAX_TEMPERATURE = 1 << 14
MAX_NOISE = 500_000
MAX_WEIGHT = 127

_METADATA = "shelfmark"
_HEADER_LIMIT = 100_000_000  # the safetensors library's own limit
_TYPES: dict[str, str] = {"I64": "<i8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "I8": "|i1"}
# Tensors in file order, widest type first, so that each is aligned without padding. `classes` is U8
# up to 256 labels.
_TENSORS = (
    ("bias", ("I64",)),
    ("keys", ("U32",)),
    ("scale", ("U32",)),
    ("exp", ("U32",)),
    ("idf", ("U16",)),
    ("counts", ("U16",)),
    ("classes", ("U16", "U8")),
    ("weights", ("I8",)),
    ("fold", ("U8",)),
)


class UnusableModel(Exception):
    """These bytes are not a model that may serve; the message says why and may be shown."""


@dataclass(frozen=True, slots=True)
class ModelData:
    """The contents of a model file.

    F features, K labels, N weights. The weights of feature f are entries `sum(counts[:f])` and on,
    `counts[f]` of them, of `classes` and `weights`; a score of label k is `bias[k] + scale[k] *
    sum(component * weight)`, in 1/2**39.
    """

    spec: FeatureSpec
    labels: tuple[str, ...]
    block_targets: tuple[int, ...]  # length of each block's vector, in 1/2**15
    temperature: int  # in 1/256
    noise: int  # in parts per million
    keys: NDArray[np.uint32]  # F, ascending
    idf: NDArray[np.uint16]  # F, in 1/1024
    counts: NDArray[np.uint16]  # F
    classes: NDArray[np.integer[Any]]  # N
    weights: NDArray[np.int8]  # N
    scale: NDArray[np.uint32]  # K
    bias: NDArray[np.int64]  # K
    fold: bytes
    origin: dict[str, object] = field(default_factory=dict)  # dataset_sha256, code_sha256, params …


def encode(model: ModelData) -> bytes:
    """Return the bytes of a model file. Equal models give equal bytes. Raise ValueError if it could
    not be exact.
    """
    metadata = canonical_json(
        {
            "block_targets": list(model.block_targets),
            "chars": [model.spec.chars_from, model.spec.chars_to],
            "format": FORMAT,
            "labels": list(model.labels),
            "noise": model.noise,
            "number_fields": list(model.spec.number_fields),
            "origin": model.origin,
            "taxonomy_sha256": taxonomy_sha256(model.labels),
            "temperature": model.temperature,
            "text": TEXT_VERSION,
            "text_fields": list(model.spec.text_fields),
        }
    ).decode()
    class_type = "U8" if len(model.labels) <= 256 else "U16"
    parts = {
        "bias": ("I64", model.bias.astype("<i8").tobytes()),
        "keys": ("U32", model.keys.astype("<u4").tobytes()),
        "scale": ("U32", model.scale.astype("<u4").tobytes()),
        "exp": ("U32", exp_table().tobytes()),
        "idf": ("U16", model.idf.astype("<u2").tobytes()),
        "counts": ("U16", model.counts.astype("<u2").tobytes()),
        "classes": (class_type, model.classes.astype(_TYPES[class_type]).tobytes()),
        "weights": ("I8", model.weights.astype("|i1").tobytes()),
        "fold": ("U8", model.fold),
    }
    header: dict[str, object] = {"__metadata__": {_METADATA: metadata}}
    offset = 0
    for name, _ in _TENSORS:
        type_name, data = parts[name]
        end = offset + len(data)
        size = np.dtype(_TYPES[type_name]).itemsize
        header[name] = {
            "data_offsets": [offset, end],
            "dtype": type_name,
            "shape": [len(data) // size],
        }
        offset = end
    head = canonical_json(header)
    head += b" " * (-len(head) % 8)
    data = len(head).to_bytes(8, "little") + head + b"".join(parts[name][1] for name, _ in _TENSORS)
    decode(data)  # what could not be read back must not be written
    return data


def taxonomy_sha256(labels: tuple[str, ...]) -> str:
    """Return the digest that names a set of labels."""
    return hashlib.sha256(canonical_json(sorted(labels))).hexdigest()


def decode(data: bytes) -> ModelData:
    """Return the contents of a model file. Raise UnusableModel at the first thing that is not as
    specified.
    """
    try:
        return _decode(data)
    except UnusableModel:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnusableModel(f"not a {FORMAT} file: {error}") from error


def _decode(data: bytes) -> ModelData:
    header, start = _read_header(data)
    metadata = json.loads(header["__metadata__"][_METADATA])
    if metadata["format"] != FORMAT or metadata["text"] != TEXT_VERSION:
        raise UnusableModel(
            f"the format is {metadata['format']}, {metadata['text']}, not {FORMAT}, {TEXT_VERSION}"
        )
    tensors = _read_tensors(data, header, start)
    chars_from, chars_to = metadata["chars"]
    spec = FeatureSpec(
        text_fields=_texts(metadata["text_fields"]),
        number_fields=_texts(metadata["number_fields"]),
        chars_from=_integer(chars_from),
        chars_to=_integer(chars_to),
    )
    model = ModelData(
        spec=spec,
        labels=_texts(metadata["labels"]),
        block_targets=tuple(_integer(target) for target in metadata["block_targets"]),
        temperature=_integer(metadata["temperature"]),
        noise=_integer(metadata["noise"]),
        keys=tensors["keys"],
        idf=tensors["idf"],
        counts=tensors["counts"],
        classes=tensors["classes"],
        weights=tensors["weights"],
        scale=tensors["scale"],
        bias=tensors["bias"],
        fold=tensors["fold"].tobytes(),
        origin=dict(metadata["origin"]),
    )
    if tensors["exp"].tobytes() != exp_table().tobytes():
        raise UnusableModel("the exponential table is not the specified one")
    _check(model, metadata)
    return model


def _read_header(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) < 8:
        raise UnusableModel("the file is cut off before its header")
    size = int.from_bytes(data[:8], "little")
    if size > _HEADER_LIMIT or 8 + size > len(data):
        raise UnusableModel("the file is cut off inside its header")
    header = json.loads(data[8 : 8 + size].decode())
    if not isinstance(header, dict):
        raise UnusableModel("the header is not an object")
    return header, 8 + size


def _read_tensors(data: bytes, header: dict[str, Any], start: int) -> dict[str, NDArray[Any]]:
    if set(header) != {"__metadata__", *(name for name, _ in _TENSORS)}:
        raise UnusableModel("the header does not name the specified tensors")
    tensors: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, types in _TENSORS:
        entry = header[name]
        first, last = (_integer(value) for value in entry["data_offsets"])
        if entry["dtype"] not in types:
            raise UnusableModel(f"{name} is {entry['dtype']}, not {' or '.join(types)}")
        dtype = np.dtype(_TYPES[entry["dtype"]])
        (count,) = (_integer(value) for value in entry["shape"])
        if first != offset or last != first + count * dtype.itemsize or start + last > len(data):
            raise UnusableModel(
                f"{name} is not where the specification puts it, or the file is cut off"
            )
        tensors[name] = np.frombuffer(data, dtype, count, start + first)
        offset = last
    if start + offset != len(data):
        raise UnusableModel("there are bytes behind the last tensor")
    return tensors


def _check(model: ModelData, metadata: dict[str, Any]) -> None:
    features, labels = len(model.keys), len(model.labels)
    if not 1 <= labels <= MAX_LABELS or not _ascend(model.labels):
        raise UnusableModel("the labels are missing, too many or not in ascending order")
    if metadata["taxonomy_sha256"] != taxonomy_sha256(model.labels):
        raise UnusableModel("the labels are not the ones that the taxonomy digest names")
    if (len(model.idf), len(model.counts)) != (features, features):
        raise UnusableModel("the features' tensors differ in length")
    if (len(model.scale), len(model.bias)) != (labels, labels):
        raise UnusableModel("the labels' tensors differ in length")
    entries = int(model.counts.sum(dtype=np.int64))
    if (len(model.classes), len(model.weights)) != (entries, entries):
        raise UnusableModel("the weights' tensors differ in length")
    if features > 1 and not bool((model.keys[1:] > model.keys[:-1]).all()):
        raise UnusableModel("the feature keys do not ascend")
    if entries and int(model.classes.max()) >= labels:
        raise UnusableModel("a weight belongs to no label")
    owner = np.repeat(np.arange(features, dtype=np.int64), model.counts)
    place = owner * labels + model.classes
    if entries > 1 and not bool((place[1:] > place[:-1]).all()):
        raise UnusableModel("the labels of a feature's weights do not ascend")
    if entries and int(model.weights.min()) < -MAX_WEIGHT:
        raise UnusableModel("a weight is out of range")
    if features and int(model.idf.min()) < 1024:
        raise UnusableModel("an idf is below 1")
    if len(model.block_targets) != model.spec.blocks or not all(
        0 < target <= 4 * ONE for target in model.block_targets
    ):
        raise UnusableModel("the block targets are not as specified")
    if not 1 <= model.temperature <= MAX_TEMPERATURE:
        raise UnusableModel("the temperature is out of range")
    if model.noise > MAX_NOISE:
        raise UnusableModel("the noise is out of range")
    if score_bound(model) >= MAX_EXACT // 2:
        raise UnusableModel("scores could leave the range in which they are exact")
    try:
        parse_fold_table(model.fold)
    except BadFoldTable as error:
        raise UnusableModel(str(error)) from error


def score_bound(model: ModelData) -> int:
    """Return a number that no score of this model can pass in size, whatever the product says.

    A block of n distinct features with length t has components that sum to at most t * sqrt(n), and
    half a unit each for rounding. A field keeps 3,000 code points, so at most 1,500 words, 1,499
    pairs and 1,500 shapes, and at most as many n-grams of each length as code points with the
    words' end marks.
    """
    total = 0
    per_length = 2 * MAX_FOLDED
    lengths = model.spec.chars_to - model.spec.chars_from + 1 if model.spec.chars_to else 0
    sizes = [MAX_FOLDED * 3 // 2, max(1, per_length * lengths)] * len(model.spec.text_fields)
    sizes.append(max(1, 4 * len(model.spec.number_fields)))
    for size, target in zip(sizes, model.block_targets, strict=True):
        total += target * (math.isqrt(size) + 1) + size // 2 + 1
    largest_scale = int(model.scale.max(initial=0))
    largest_bias = max(int(model.bias.max(initial=0)), -int(model.bias.min(initial=0)))
    return total * MAX_WEIGHT * largest_scale + largest_bias


def _ascend(labels: tuple[str, ...]) -> bool:
    return all(first < second for first, second in pairwise(labels))


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UnusableModel("a list of texts is something else")
    return tuple(cast(list[str], value))


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UnusableModel(f"{value!r} is not a whole number")
    return value
