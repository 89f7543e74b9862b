from __future__ import annotations

import hashlib
import json

import pytest

from categorizer.model import UnusableModel
from categorizer.rules import Rules, load_rules, make_rules

PRODUCTS = [
    {"name": "Cordless drill 18V"},
    {"name": "hammer drills"},
    {"name": "Claw hammer"},
    {"name": "Hämmer Hammer"},
    {"name": "green tea"},
    {"name": "screwdriver"},
]
LABELS = [
    "Tools > Cordless drills",
    "Tools > Cordless drills",
    "Tools > Hammers",
    "Tools > Hammers",
    "Food > Tea",
    "Tools > Hammers",
]


def rules() -> tuple[Rules, bytes]:
    data = make_rules(PRODUCTS, LABELS, text_fields=["name"], dataset_sha256="d" * 64)
    return load_rules(data, sha256=hashlib.sha256(data).hexdigest()), data


def test_a_label_is_found_by_the_words_of_its_name() -> None:
    found, _ = rules()
    assert (
        found.suggest({"name": "DRILL, cordless"}).suggestions[0].label == "Tools > Cordless drills"
    )
    assert found.suggest({"name": "two hammers"}).suggestions[0].label == "Tools > Hammers"
    assert found.dataset_sha256 == "d" * 64


def test_confidence_is_how_often_the_rule_was_right() -> None:
    found, data = rules()
    precisions = {rule["label"]: rule["precision_ppm"] for rule in json.loads(data)["rules"]}
    # Asked twice for hammers and right twice: (2 + 1) / (2 + 2).
    assert precisions["Tools > Hammers"] == 750_000
    assert found.suggest({"name": "hammer"}).suggestions[0].confidence_ppm == 750_000


def test_no_keyword_means_no_suggestion() -> None:
    found, _ = rules()
    answer = found.suggest({"name": "screwdriver"})
    assert (answer.suggestions, answer.matched) == ((), 0)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert rules()[1] == rules()[1]


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"format":"shelfmark-rules/2","text":"text/1"}']
)
def test_other_bytes_are_unusable(data: bytes) -> None:
    with pytest.raises(UnusableModel):
        load_rules(data, sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(UnusableModel, match="expected"):
        load_rules(rules()[1], sha256="0" * 64)
