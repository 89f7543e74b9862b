"""The TypeScript twin computes what Python computes: words, features, integers, lines."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from categorizer import features
from categorizer.arithmetic import ONE
from categorizer.artifact import (
    MAX_EXACT,
    MAX_NOISE,
    MAX_TEMPERATURE,
    ModelData,
    encode,
    score_bound,
)
from categorizer.cli import as_json
from categorizer.explain import explain
from categorizer.features import FeatureSpec
from categorizer.model import Categorizer, load
from categorizer.text import fold, fold_table, fold_table_bytes
from categorizer.vectors import HARD_TEXTS

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "frontend" / "scripts"
TINY = ROOT / "frontend" / "src" / "categorizer" / "vectors" / "tiny.safetensors"
# With three of each, at eighteen characters at most, no text is cut.
CODE_POINTS_AT_ONCE = 32


def node(script: str, *arguments: str | Path, given: bytes) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("node")
    assert program, "Node is not installed. `make test` sets it up."
    command = [program, SCRIPTS / script, *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False, cwd=ROOT)


def python(*arguments: str | Path, given: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "categorizer", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False, cwd=ROOT)


def twin(what: str, model: Path, values: Iterable[object]) -> list[object]:
    """Return what the twin makes of each value."""
    given = "".join(f"{json.dumps(value)}\n" for value in values)
    done = node("parity.mjs", what, model, given=given.encode())
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.split(b"\n")[:-1]]


def as_sent(value: object) -> object:
    """Return a value as it comes out of JSON, where two surrogates side by side are one letter."""
    sent: object = json.loads(json.dumps(value))
    return sent


def assert_same_words(texts: Sequence[str]) -> None:
    table = fold_table()
    for text, found in zip(texts, twin("words", TINY, texts), strict=True):
        assert found == fold(text, table), ascii(text)


def test_every_code_point_is_folded_alike_alone_and_beside_letters_and_digits() -> None:
    texts = [
        " ".join(f"{chr(point)} a{chr(point)}b 1{chr(point)}2" for point in range(start, end))
        for start in range(0, 0x110000, CODE_POINTS_AT_ONCE)
        for end in (start + CODE_POINTS_AT_ONCE,)
    ]
    assert_same_words(texts)


def random_letter(chance: random.Random) -> str:
    """Return a code point: ASCII, part of a number, of the first plane, of any, or a surrogate."""
    kind = chance.random()
    if kind < 0.35:
        return chr(chance.randrange(0x20, 0x7F))
    if kind < 0.6:
        return chance.choice("0123456789.,/ ")
    if kind < 0.8:
        return chr(chance.randrange(0x3000))
    if kind < 0.97:
        return chr(chance.randrange(0x110000))
    return chr(chance.randrange(0xD800, 0xE000))


def random_text(chance: random.Random, length: int) -> str:
    text = "".join(random_letter(chance) for _ in range(length))
    return str(as_sent(text))


def test_texts_of_every_plane_are_folded_alike_and_so_are_those_that_are_cut() -> None:
    chance = random.Random(2)
    lengths = [chance.choice((0, 1, 2, 5, 20, 200)) for _ in range(6_000)]
    lengths += [chance.randrange(1_990, 3_500) for _ in range(60)]
    texts = [random_text(chance, length) for length in lengths]
    texts += [str(as_sent(text)) for text in HARD_TEXTS]
    texts += [letter * 2_500 for letter in ("\ufdfa", "½", "𝒶", "1.", "椅", "\ud800", "1/2 ")]
    assert_same_words(texts)


def random_number(chance: random.Random) -> object:
    """Return a number, or text that is one, or nothing; many lie beside the edge of a bucket."""
    edge = 2.0 ** (chance.randrange(-44, 240) / 4)
    beside = float(np.nextafter(edge, chance.choice((0.0, np.inf))))
    values: list[object] = [
        None,
        "",
        chance.randrange(-5_000, 5_000),
        chance.uniform(-1, 1) * 10.0 ** chance.randrange(-6, 12),
        chance.choice((edge, -edge, beside)),
        chance.choice((1, -1)) * chance.getrandbits(chance.randrange(1, 300)),
        f" {chance.choice(('', '+', '-'))}{chance.randrange(10**6)}.{chance.randrange(10**9)}\t",
        f"{chance.random()}e{chance.randrange(-300, 300)}",
        chance.choice((5e-324, 1.7976931348623157e308, -0.0, 2**53 + 1, "0.1e-400")),
    ]
    return chance.choice(values)


WORDS = ("drill", "18V", "0,5", "kg", "50x60", "Café", "ŁÓDŹ", "椅子", "😀", "wkrętarka", "¾")


def random_product(chance: random.Random, spec: FeatureSpec) -> dict[str, object]:
    product: dict[str, object] = {}
    for field in spec.text_fields:
        kind = chance.random()
        if kind < 0.7:
            count = chance.choice((1, 3, 8, 20, 100))
            product[field] = " ".join(chance.choices(WORDS, k=count))
        elif kind < 0.95:
            product[field] = random_text(chance, chance.choice((0, 3, 30, 300)))
        else:
            product[field] = random_text(chance, 2_400)
    for field in spec.number_fields:
        product[field] = random_number(chance)
    return {field: value for field, value in product.items() if chance.random() < 0.9}


def random_model(
    chance: random.Random, spec: FeatureSpec, products: Sequence[dict[str, object]], labels: int
) -> bytes:
    """Return a model that knows many features of the products, its scores as large as may be."""
    table = fold_table()
    named = {
        features.key(name)
        for product in products
        for block in features.blocks(product, spec, table)
        for name in block
    }
    keys = sorted(chance.sample(sorted(named), min(len(named), 20_000)))
    counts = [chance.randrange(min(labels, 6) + 1) for _ in keys]
    classes = [label for count in counts for label in sorted(chance.sample(range(labels), count))]
    model = ModelData(
        spec=spec,
        labels=tuple(sorted(f"{chance.choice(LETTERS)}{k}" for k in range(labels))),
        block_targets=tuple(chance.randint(1, 4 * ONE) for _ in range(spec.blocks)),
        temperature=chance.choice((1, 256, chance.randint(1, MAX_TEMPERATURE), MAX_TEMPERATURE)),
        noise=chance.choice((0, 5_000, MAX_NOISE)),
        keys=np.array(keys, np.uint32),
        idf=np.array([chance.randint(1_024, 65_535) for _ in keys], np.uint16),
        counts=np.array(counts, np.uint16),
        classes=np.array(classes, np.uint16),
        weights=np.array([chance.randint(-127, 127) for _ in classes], np.int8),
        scale=np.ones(labels, np.uint32),
        bias=np.zeros(labels, np.int64),
        fold=fold_table_bytes(),
    )
    bias = chance.choice((0, 1_000, MAX_EXACT // 8))
    most = min((MAX_EXACT // 2 - 1 - bias) // score_bound(model), 2**32 - 1)
    scale = np.array([chance.randint(1, most) for _ in range(labels)], np.uint32)
    biases = np.array([chance.randint(-bias, bias) for _ in range(labels)], np.int64)
    return encode(replace(model, scale=scale, bias=biases))


def everything(model: Categorizer, product: dict[str, object]) -> dict[str, object]:
    """Return what parity.mjs prints about a product."""
    found = explain(model, product, label=model.labels[-1])
    return {
        "answer": as_json(model.suggest(product, top=len(model.labels))),
        "blocks": features.blocks(product, model.data.spec, model.fold),
        "explanation": {
            "bias": found.bias,
            "contributions": [
                {"amount": one.amount, "field": one.field, "kind": one.kind, "text": one.text}
                for one in found.contributions
            ],
            "label": found.label,
            "score": found.score,
        },
    }


SPECS = {
    "as in the demo": (FeatureSpec(("name", "description"), ("width", "weight")), 40),
    "words only, one label": (FeatureSpec(("name",), (), 0, 0), 1),
    "everything at its limit": (
        FeatureSpec(tuple("abcdef"), tuple("ghijklmnopqr"), 1, 8),
        3,
    ),
    "more labels than a byte counts": (FeatureSpec(("name",), ("width",), 3, 3), 300),
    "names that every object has": (FeatureSpec(("__proto__", "constructor"), ("toString",)), 7),
}


@pytest.mark.parametrize("case", SPECS)
def test_models_of_every_shape_give_the_same_features_answers_and_reasons(
    case: str, tmp_path: Path
) -> None:
    spec, labels = SPECS[case]
    chance = random.Random(case)
    products = [random_product(chance, spec) for _ in range(80)]
    data = random_model(chance, spec, products[:60], labels)
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    model = load(data, sha256=hashlib.sha256(data).hexdigest())
    matched = 0
    for product, found in zip(products, twin("products", path, products), strict=True):
        expected = everything(model, product)
        assert found == expected, ascii(product)
        matched += json.loads(json.dumps(expected))["answer"]["matched"]
    assert matched > len(products)


# Their order among UTF-16 units is not the order of their code points.
LETTERS = ("", "a", "Ω", "椅", "\ue000", "\uffff", "\U00010000", "😀", "\U0010ffff")

LINES = (
    '{"name":"cordless drill","description":"18V","width_mm":250}',
    '{"name":"marteau \\ud83d\\ude00","width_mm":"2.5e2"}\r',
    "",
    " \t ",
    "not JSON",
    '{"name":"a"',
    '{"name":"tab\there"}',
    "\ufeff{}",
    "{}{}",
    "[1]",
    "null",
    '"text"',
    "{}",
    '{"name":null,"not a field":[{"a":1e999}],"__proto__":{"name":"hammer"},"constructor":1}',
    '{"name":"hammer","name":"drill"}',
    '{"name":7}',
    '{"description":["hammer"]}',
    '{"width_mm":true}',
    '{"width_mm":NaN}',
    '{"width_mm":-Infinity}',
    '{"width_mm":01}',
    '{"width_mm":1e999}',
    '{"width_mm":"1e999"}',
    f'{{"width_mm":{"9" * 400}}}',
    f'{{"width_mm":-{"9" * 5000}}}',
    f'{{"not a field":{"9" * 5000}}}',
    '{"width_mm":"1,5"}',
    '{"width_mm":"１２"}',
    '{"width_mm":"1_000"}',
    '{"width_mm":"0x10"}',
    '{"width_mm":"nan"}',
    '{"width_mm":"12\\n"}',
    '{"width_mm":"1\u00a0"}',
    '{"name":"\u2028hammer\u2029\x85\x0b"}',
    '{"name":"hammer\u2028\u0085drill"}',
    '{"name":"lone \\ud800 \\udc00 surrogates"}',
)


@pytest.mark.parametrize("top", ["1", "5", "1000"])
def test_both_command_lines_print_the_same_bytes(top: str) -> None:
    given = (
        "\n".join(LINES).encode() + b'\n{"name":"\xff"}\n{"name":"\xed\xa0\x80"}\n{"name":"end"}'
    )
    ours = python("suggest", TINY, "--top", top, given=given)
    theirs = node("suggest.mjs", TINY, "--top", top, given=given)
    assert ours.stdout.count(b'"error"') > 10
    assert theirs.stdout == ours.stdout
    assert (theirs.returncode, ours.returncode) == (1, 1), theirs.stderr.decode()


def test_both_command_lines_answer_hundreds_of_lines_alike() -> None:
    chance = random.Random(9)
    spec = FeatureSpec(("name", "description"), ("width_mm",))
    products = [random_product(chance, spec) for _ in range(800)]
    given = "".join(f"{json.dumps(product)}\n" for product in products).encode()
    theirs = node("suggest.mjs", TINY, given=given)
    assert theirs.stdout.count(b"\n") == len(products)
    assert theirs.stdout == python("suggest", TINY, given=given).stdout
    assert theirs.returncode == 0


@pytest.mark.parametrize("top", ["0", "-1", "1001", "five"])
def test_both_command_lines_refuse_an_absurd_top(top: str) -> None:
    for done in (
        python("suggest", TINY, f"--top={top}", given=b"{}"),
        node("suggest.mjs", TINY, f"--top={top}", given=b"{}"),
    ):
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"top" in done.stderr


def test_both_command_lines_refuse_a_model_that_is_cut_off_or_missing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(TINY.read_bytes()[:-1])
    for path in (broken, tmp_path / "missing.safetensors"):
        for done in (
            python("suggest", path, given=b"{}"),
            node("suggest.mjs", path, given=b"{}"),
        ):
            assert (done.returncode, done.stdout) == (2, b"")
            assert done.stderr.startswith(b"suggest: ")
            assert done.stderr.count(b"\n") == 1
