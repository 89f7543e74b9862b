from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from categorizer import artifact
from categorizer.artifact import UnusableModel, decode, encode, score_bound
from categorizer.model import Categorizer, load


def test_a_model_file_reads_back_as_what_was_written(tiny_bytes: bytes) -> None:
    model = decode(tiny_bytes)
    assert encode(model) == tiny_bytes
    assert model.labels == tuple(sorted(model.labels))


def test_the_safetensors_library_reads_the_same_tensors(tiny_bytes: bytes) -> None:
    model = decode(tiny_bytes)
    tensors = safetensors.numpy.load(tiny_bytes)
    for name in ("bias", "keys", "scale", "idf", "counts", "classes", "weights"):
        assert np.array_equal(tensors[name], getattr(model, name)), name
    assert tensors["fold"].tobytes() == model.fold


def test_twenty_processes_write_the_same_bytes(tiny_bytes: bytes) -> None:
    command = (
        "import sys, hashlib; from categorizer.artifact import decode, encode;"
        "data = sys.stdin.buffer.read(); print(hashlib.sha256(encode(decode(data))).hexdigest())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )
        for seed in range(20)
    ]
    digests = {process.communicate(tiny_bytes)[0] for process in running}
    assert digests == {hashlib.sha256(tiny_bytes).hexdigest().encode() + b"\n"}


def test_only_the_bytes_that_the_digest_names_are_loaded(tiny_bytes: bytes) -> None:
    digest = hashlib.sha256(tiny_bytes).hexdigest()
    for place in (0, 8, 500, len(tiny_bytes) // 2, len(tiny_bytes) - 1):
        flipped = bytearray(tiny_bytes)
        flipped[place] ^= 1
        with pytest.raises(UnusableModel, match="expected"):
            load(bytes(flipped), sha256=digest)


def test_a_cut_off_file_is_unusable_wherever_it_is_cut(tiny_bytes: bytes) -> None:
    step = max(1, len(tiny_bytes) // 400)
    for length in [*range(64), *range(64, len(tiny_bytes), step), len(tiny_bytes) - 1]:
        with pytest.raises(UnusableModel):
            decode(tiny_bytes[:length])
    with pytest.raises(UnusableModel, match="behind"):
        decode(tiny_bytes + b"\0")


def test_a_damaged_header_is_unusable_and_never_another_error(tiny_bytes: bytes) -> None:
    header = 8 + int.from_bytes(tiny_bytes[:8], "little")
    for place in range(header):
        for bit in (1, 0x20):
            damaged = bytearray(tiny_bytes)
            damaged[place] ^= bit
            try:
                decode(bytes(damaged))
            except UnusableModel:
                continue


def rewritten(data: bytes, **changes: object) -> bytes:
    """Return the file with changed metadata."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = json.loads(header["__metadata__"]["shelfmark"])
    header["__metadata__"]["shelfmark"] = json.dumps({**metadata, **changes})
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + data[8 + size :]


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "shelfmark-model/2"},
        {"text": "text/2"},
        {"labels": ["one"]},
        {"labels": ["a", "a", "b", "c"]},
        {"labels": "abcd"},
        {"labels": ["a", "b", "c", "d"]},
        {"temperature": 0},
        {"temperature": True},
        {"temperature": 1.5},
        {"noise": 500_001},
        {"noise": -1},
        {"labels": ["d", "c", "b", "a"]},
        {"block_targets": [1]},
        {"block_targets": [32768, 32768, 32768, 32768, 0]},
        {"chars": [5, 2]},
        {"text_fields": []},
        {"text_fields": ["name", "name"]},
        {"origin": 5},
    ],
)
def test_metadata_that_does_not_fit_is_unusable(
    tiny_bytes: bytes, changes: dict[str, object]
) -> None:
    with pytest.raises(UnusableModel):
        decode(rewritten(tiny_bytes, **changes))


def test_tensors_that_do_not_fit_are_never_written(tiny_bytes: bytes) -> None:
    model = decode(tiny_bytes)
    wrong = [
        replace(model, keys=model.keys[::-1]),
        replace(model, idf=np.zeros_like(model.idf)),
        replace(model, counts=model.counts[:-1]),
        replace(model, classes=np.full_like(model.classes, 200)),
        replace(model, weights=model.weights[:-1]),
        replace(model, classes=model.classes[::-1]),
        replace(model, scale=model.scale[:-1]),
        replace(model, scale=np.full_like(model.scale, 2**32 - 1)),
        replace(model, bias=np.full_like(model.bias, 2**60)),
        replace(model, fold=b"{}"),
    ]
    for broken in wrong:
        with pytest.raises(UnusableModel):
            encode(broken)


def test_no_product_can_pass_the_score_bound(tiny: Categorizer) -> None:
    bound = score_bound(tiny.data)
    assert bound < artifact.MAX_EXACT // 2
    hostile: list[dict[str, object]] = [
        {"name": "drill hammer café 緑 " * 500, "description": "12V 18V 0.5 " * 700, "width_mm": 1},
        {"name": "".join(chr(0x4E00 + i) for i in range(2000))},
        {"name": " ".join(f"{i}v" for i in range(2000))},
    ]
    scores, _ = tiny.scores(hostile)
    assert abs(scores).max() < bound
