"""Test vectors for every implementation of the model file: a tiny model and hard questions with
their answers.

    python -m categorizer.vectors DIR

writes `tiny.safetensors` and `vectors.json` (ASCII JSON, lone surrogates escaped). The committed
copy, which the TypeScript twin is tested against, is in frontend/src/categorizer/vectors; a test
keeps it current.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from categorizer import features
from categorizer.artifact import encode
from categorizer.cli import as_json
from categorizer.dataset import parts
from categorizer.model import Categorizer, load
from categorizer.text import words
from categorizer.training import Options, train

HARD_TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "Cordless drill 18V",
    "BOHRMASCHINE Größe 12V, 0,5 kg (LEGO®) 3½",
    "Straße STRASSE straße ẞ",
    "İstanbul ISTANBUL ıstanbul",
    "café cafe\u0301 CAFÉ ＣＡＦＥ",
    "1.000,50 3/4 ¾ 3¾ 12V-24V M8×40 8x40 0.5. .5 5. 1..2 1/ /2 1,2,3",
    "ｶﾞｲド ガイド ｶﾞ",
    "東京タワー 한국 中文字",
    "שלום עולם مرحبا بالعالم ٣٤",
    "😀 ❤️ 👩‍🔧 🇩🇪 ™ © ℠ № ㎏ 5㎡",
    "\ud800 lone \udfff a\ud83db",
    "a\u200bb a\u00adb a\u2060b a\ufe0fb",
    "\ufeffbom \ue000private \U000e0001tag \U0010ffff last",
    "ﬁ ﬂ ﷺ Ǆ ŉ ŀ l·l",
    "hammer " * 400,
    "ﷺ" * 2_000,
    "x" * 5_000,
    "1.5/" * 900,
    "Ω µm Å °C ² ³ ① ⅷ",
    "tool\ttool\ntool\rtool\u2028tool\u3000tool",
)
HARD_NUMBERS: tuple[object, ...] = (
    None,
    "",
    " \t",
    0,
    -0.0,
    0.0009765624,
    0.0009765625,
    0.5,
    1,
    1.5,
    2,
    1023,
    1024,
    65_536,
    -12,
    "12",
    " +1.5e3 ",
    ".5",
    "5.",
    8_796_093_022_207.999,
    8_796_093_022_208,
    1e300,
    5e-324,
    9_007_199_254_740_993,
)

_HEADS: Mapping[str, Sequence[str]] = {
    "Tools > Drills": ("cordless drill 18V", "hammer drill 850W", "Bohrmaschine 12V", "drill 3/4"),
    "Tools > Hammers": ("claw hammer 0.5 kg", "Hammer 500g", "sledge hammer", "marteau arrache"),
    "Home > Café": ("café crème 250g", "Kaffee gemahlen", "café en grano 1 kg", "espresso beans"),
    "日本 > お茶": ("緑茶 100g", "お茶 抹茶", "ｶﾞｲド 茶", "green tea 緑茶"),
}
_EXTRAS = ("", "blue", "rot", "set of 2", "heavy duty", "neu", "x10", "M8", "große Packung", "mini")


def tiny_model() -> bytes:
    """Return the bytes of a model trained on forty products in four languages. The same on every
    machine.
    """
    products: list[dict[str, object]] = []
    labels: list[str] = []
    for label, heads in _HEADS.items():
        for index, extra in enumerate(_EXTRAS):
            head = heads[index % len(heads)]
            products.append(
                {
                    "name": f"{head} {extra}".strip(),
                    "description": f"{extra} {heads[(index + 1) % len(heads)]}"
                    if index % 3
                    else "",
                    "width_mm": 10 * len(head) + index if index % 4 else None,
                }
            )
            labels.append(label)
    trained = train(
        products,
        labels,
        text_fields=("name", "description"),
        number_fields=("width_mm",),
        options=Options(folds=4),
        fold_of=parts([str(index) for index in range(len(labels))], 4),
    )
    return encode(replace(trained.model, origin={"role": "test vectors"}))


def questions(model: Categorizer) -> list[dict[str, object]]:
    """Return hard products for the fields of a model."""
    main, *others = model.text_fields
    asked: list[dict[str, object]] = [{main: text} for text in HARD_TEXTS]
    asked += [{other: text} for other in others for text in HARD_TEXTS[3:8]]
    asked += [{main: "Hammer", other: "drill 18V"} for other in others]
    asked += [
        {main: "drill", field: number} for field in model.number_fields for number in HARD_NUMBERS
    ]
    asked.append({main: None, "not a field of the model": [1, {"a": None}]})
    return asked


def vectors(model: Categorizer) -> dict[str, object]:
    """Return texts with their words, and products with their features and the model's answers."""
    return {
        "answers": [
            {
                "answer": as_json(model.suggest(product, top=5)),
                "product": product,
                "keys": [
                    [features.key(name) for name in block]
                    for block in features.blocks(product, model.data.spec, model.fold)
                ]
                if len(str(product)) < 300
                else None,
            }
            for product in questions(model)
        ],
        "sha256": model.sha256,
        "words": [
            {"text": text, "words": words(text, model.fold)}
            for text in HARD_TEXTS
            if len(text) < 300
        ],
    }


def write(folder: Path) -> None:
    """Write the model and its vectors into a folder."""
    data = tiny_model()
    model = load(data, sha256=hashlib.sha256(data).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.safetensors").write_bytes(data)
    text = json.dumps(vectors(model), indent=1, sort_keys=True) + "\n"
    (folder / "vectors.json").write_text(text, encoding="ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
