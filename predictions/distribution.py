"""How the live model comes to those who answer without the server: what to fetch, and how to be
sure that it answers there as it does here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Q

from categorizer.model import Answer, Categorizer
from predictions import serving
from registry.models import ModelVersion

# Of the labels of a model: words that it knows, whatever it was trained on.
MOST_LABELS = 12

# Every block of features: words, pairs of words, digit shapes and characters of each text field,
# and the numbers. Text of many languages and none, at the limits of what is read, and nothing.
PRODUCTS: tuple[Mapping[str, object], ...] = (
    {},
    {"name": ""},
    {"name": "zzxqj qqvvw"},
    {"name": "Cordless drill 18V", "width_mm": 212, "weight_g": 1650},
    {"name": "Cordless drill 18V", "description": "Brushless motor, two batteries, charger"},
    {"description": "Brushless motor, two batteries and a charger."},
    {"brand": "Nordwerk"},
    {"name": "Akku-Bohrschrauber 12V", "description": "Größe 3½, 0,5 kg, für Straße und Werkstatt"},
    {"name": "Taladro sin cable 18 V", "description": "maletín, 2 baterías de 2,0 Ah"},
    {"name": "Perceuse sans fil", "description": "moteur sans balais, mandrin 13 mm"},
    {"name": "Wkrętarka akumulatorowa", "brand": "ŁÓDŹ"},
    {"name": "Дрель аккумуляторная 18 В", "description": "в кейсе"},
    {"name": "電動ドリル 18V", "description": "ｶﾞｲド ガイド 充電式"},
    {"name": "무선 드릴", "description": "中文字 测试"},
    {"name": "מקדחה אלחוטית", "description": "مثقاب لاسلكي ٣٤"},
    {"name": "ไขควงไฟฟ้า", "description": "ताररहित ड्रिल"},
    {"name": "İSTANBUL ıstanbul Iİıi", "description": "STRASSE straße ẞ"},
    {"name": "cafe\u0301 CAFÉ ＣＡＦＥ", "description": "a\u0300\u0316\u0315\u0301\u0334 \u0301b"},
    {"name": "M8×40 M8x40 3/4 ¾ 1.000,50 .5 5. 1..2 1/ /2", "weight_g": 40},
    {"name": "😀 👩‍🔧 🇩🇪 ™ © ℠ № ㎏ 5㎡", "description": "Ω µm Å °C ² ³ ① ⅷ"},
    {"name": "\x00drill\x07\x1b[0m\r\n\ttool\u2028tool\u2029\x85", "description": "\ufeff\ufffe"},
    {"name": "\u202edrill\u202c \u2067hammer\u2069", "description": "a\u200bb a\u00adb a\u2060b"},
    {"name": "\ud800 lone \udfff a\ud83db", "description": "\udc00\ud800"},
    {"name": "ﬁ ﬂ ﷺ Ǆ ŉ ŀ l·l", "description": "\U0001d4b6 \ue000 \U000e0001 \U0010ffff"},
    {"name": "hammer " * 70, "description": "claw hammer 0.5 kg, steel; " * 80},
    {"description": "ﷺ" * 400 + "x" * 2_000},
    {"name": "<script>alert('drill')</script>", "description": "'; DROP TABLE products; --"},
    {"name": "Wood screw 4x40", "width_mm": 1, "height_mm": 1, "depth_mm": 1, "weight_g": 1},
    {"name": "Shelf", "width_mm": 1_000_000, "height_mm": 65_536, "depth_mm": 9, "price": "0.01"},
    {"name": "Shelf", "width_mm": 900, "price": "1234567890.99"},
    {"width_mm": 80, "height_mm": 200, "depth_mm": 28, "weight_g": 1650, "price": "12.90"},
    {"name": None, "brand": "Holm", "weight_g": None, "price": ""},
)  # fmt: skip


def manifest() -> dict[str, Any]:
    """Return which model to hold, where it is, what it has to answer, and which not to trust."""
    chain = serving.chain()
    live = chain.link("live")
    return {
        **_described(live),
        "withdrawn": withdrawn(),
        "answering": [
            {
                "path": link.path,
                "sha256": link.sha256,
                "dataset_sha256": link.dataset_sha256,
                "text": link.text_version,
            }
            for link in chain.links
        ],
    }


def _described(live: serving.Link | None) -> dict[str, Any]:
    if live is None:
        names = ("version", "sha256", "bytes", "url", "dataset_sha256", "text")
        nothing = dict.fromkeys(names)
        return {**nothing, "vectors": []}
    version = ModelVersion.objects.only("bytes").get(pk=live.sha256)
    return {
        "version": live.sha256[:12],
        "sha256": live.sha256,
        "bytes": version.bytes,
        "url": f"/models/{live.sha256}",
        "dataset_sha256": live.dataset_sha256,
        "text": live.text_version,
        "vectors": vectors(live.sha256),
    }


def withdrawn() -> list[str]:
    """Return the models that nobody should hold any more: recalled by people, or retired."""
    distrusted = Q(status=ModelVersion.Status.RETIRED) | Q(recalls__isnull=False)
    found = ModelVersion.objects.filter(distrusted, kind=ModelVersion.Kind.MODEL)
    return list(found.order_by("pk").values_list("pk", flat=True).distinct())


@lru_cache(maxsize=2)
def vectors(sha256: str) -> Sequence[Mapping[str, Any]]:
    """Return products with what this model answers, exactly as every twin of it has to.

    Raise WrongFile or UnusableModel.
    """
    model = serving.categorizer(sha256)
    return [
        {"product": product, "top": serving.TOP, "answer": _as_json(model, product)}
        for product in (*PRODUCTS, *_of_labels(model))
    ]


def _of_labels(model: Categorizer) -> list[Mapping[str, object]]:
    step = max(1, len(model.labels) // MOST_LABELS)
    return [
        {"name": label.split(" > ")[-1][:200], "description": label[:200], "width_mm": 100}
        for label in model.labels[::step][:MOST_LABELS]
    ]


def _as_json(model: Categorizer, product: Mapping[str, object]) -> dict[str, Any]:
    answer: Answer = model.suggest(product, top=serving.TOP)
    return {
        "matched": answer.matched,
        "suggestions": [
            {"confidence_ppm": one.confidence_ppm, "label": one.label, "score": one.score}
            for one in answer.suggestions
        ],
    }
