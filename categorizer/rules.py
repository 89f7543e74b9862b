"""Keyword rules, `shelfmark-rules/1`: the last resort when no model can answer.

Each label is known by the words of its own name. A rule's confidence is not computed from the
product: it is how often the rule was right on the training rows, measured when the rules were made
and written beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from categorizer.canonical import canonical_json
from categorizer.features import read_text
from categorizer.model import MILLION, Answer, Suggestion, UnusableModel
from categorizer.text import TEXT_VERSION, fold_table, words

FORMAT = "shelfmark-rules/1"
# Words of a label that say nothing about a product, in the languages of the sample.
_EMPTY = """
a an and or of for the with other misc various others general
und oder für mit der die das sonstige
et ou de des du la le les pour avec autres
y o e con para el los las otros
"""
_EMPTY_WORDS = frozenset(_EMPTY.split())
_SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Rule:
    """A label, its keywords with their weights, and how often it was right (parts per million)."""

    label: str
    keywords: Mapping[str, int]
    precision_ppm: int


class Rules:
    """Loaded keyword rules; they answer in the shape a model answers in."""

    def __init__(
        self, rules: Sequence[Rule], *, text_fields: Sequence[str], sha256: str, dataset_sha256: str
    ) -> None:
        self.rules = tuple(rules)
        self.text_fields = tuple(text_fields)
        self.sha256 = sha256
        self.dataset_sha256 = dataset_sha256
        self.text_version = TEXT_VERSION
        self.labels = tuple(rule.label for rule in rules)
        self._by_keyword: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, rule in enumerate(self.rules):
            for keyword, weight in rule.keywords.items():
                self._by_keyword[keyword].append((index, weight))

    def suggest(self, product: Mapping[str, object], *, top: int = 5) -> Answer:
        """Return the labels whose keywords the product has, best first; none if it has none. Raise
        BadProduct.
        """
        table = fold_table()
        present = {
            form
            for field in self.text_fields
            for word in words(read_text(product, field), table)
            for form in _forms(word)
        }
        scores: dict[int, int] = defaultdict(int)
        for word in present & self._by_keyword.keys():
            for index, weight in self._by_keyword[word]:
                scores[index] += weight
        best = sorted(scores, key=lambda index: (-scores[index], index))[:top]
        return Answer(
            suggestions=tuple(
                Suggestion(self.rules[index].label, scores[index], self.rules[index].precision_ppm)
                for index in best
            ),
            matched=len(present & self._by_keyword.keys()),
        )


def make_rules(
    products: Sequence[Mapping[str, object]],
    labels: Sequence[str],
    *,
    text_fields: Sequence[str],
    dataset_sha256: str,
) -> bytes:
    """Return the rules for the labels that occur, with the precision measured on these rows."""
    names = sorted(set(labels))
    found = {name: _keywords(name) for name in names}
    labels_with: dict[str, int] = defaultdict(int)
    for keywords in found.values():
        for keyword in keywords:
            labels_with[keyword] += 1
    # A word that many labels share says little about each.
    rules = [
        Rule(
            name,
            {word: 1000 * depth // labels_with[word] for word, depth in found[name].items()},
            0,
        )
        for name in names
    ]
    trial = Rules(rules, text_fields=text_fields, sha256="", dataset_sha256="")
    asked: dict[str, int] = defaultdict(int)
    right: dict[str, int] = defaultdict(int)
    for product, label in zip(products, labels, strict=True):
        answer = trial.suggest(product, top=1)
        if answer.suggestions:
            suggested = answer.suggestions[0].label
            asked[suggested] += 1
            right[suggested] += suggested == label
    return canonical_json(
        {
            "dataset_sha256": dataset_sha256,
            "format": FORMAT,
            "rules": [
                {
                    "keywords": dict(rule.keywords),
                    "label": rule.label,
                    # Laplace's rule of succession: a rule that was never asked is a coin toss, not
                    # a certainty.
                    "precision_ppm": MILLION * (right[rule.label] + 1) // (asked[rule.label] + 2),
                }
                for rule in rules
            ],
            "text": TEXT_VERSION,
            "text_fields": list(text_fields),
        }
    )


def load_rules(data: bytes, *, sha256: str) -> Rules:
    """Return the rules in `data`, which must be the very bytes that `sha256` (hex) names. Raise
    UnusableModel.
    """
    actual = hashlib.sha256(data).hexdigest()
    if actual != sha256:
        raise UnusableModel(f"the bytes are {actual}, expected {sha256}")
    try:
        document = json.loads(data)
        if document["format"] != FORMAT or document["text"] != TEXT_VERSION:
            raise UnusableModel(f"the format is {document['format']}, not {FORMAT}")
        rules = [
            Rule(
                str(rule["label"]),
                {str(word): int(weight) for word, weight in rule["keywords"].items()},
                int(rule["precision_ppm"]),
            )
            for rule in document["rules"]
        ]
        return Rules(
            rules,
            text_fields=[str(name) for name in document["text_fields"]],
            sha256=sha256,
            dataset_sha256=str(document["dataset_sha256"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnusableModel(f"not a {FORMAT} file: {error}") from error


def _keywords(label: str) -> dict[str, int]:
    """Return the words of a label path with their weight: a deeper level tells more."""
    found: dict[str, int] = {}
    table = fold_table()
    for depth, level in enumerate(label.split(_SEPARATOR), start=1):
        for word in words(level, table):
            if word not in _EMPTY_WORDS and len(word) > 1:
                for form in _forms(word):
                    found[form] = depth
    return found


def _forms(word: str) -> list[str]:
    """Return a word and, where it ends in a plural s, the word without it."""
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return [word, word[:-1]]
    return [word]
