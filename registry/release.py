"""A release folder: the files that training wrote, and the card that names them.

Nothing here asks the database. What comes out was hashed, loaded and asked one question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from categorizer.canonical import canonical_json
from categorizer.model import Answer, Categorizer, UnusableModel, load
from categorizer.rules import Rules, load_rules
from registry import provenance

CARD_FORMAT = "shelfmark-card/1"
KINDS = ("model", "fallback", "rules")
TEXT_FIELDS = frozenset({"name", "description", "brand"})
NUMBER_FIELDS = frozenset({"width_mm", "height_mm", "depth_mm", "weight_g", "price"})
LONGEST_LABEL = 500


class UnusableRelease(Exception):
    """The message says what is wrong with the folder and may be shown."""


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    kind: str
    sha256: str
    data: bytes
    golden: str


@dataclass(frozen=True, slots=True)
class Release:
    card: str
    dataset_sha256: str
    provenance: str
    files: tuple[ReleaseFile, ...]


def load_any(data: bytes, *, sha256: str, kind: str) -> Categorizer | Rules:
    """Load an artifact of any kind from the bytes that `sha256` names, or raise UnusableModel."""
    return load_rules(data, sha256=sha256) if kind == "rules" else load(data, sha256=sha256)


def golden(model: Categorizer | Rules, labels: Sequence[str]) -> str:
    """Ask one question and return it with the answer, as canonical JSON.

    The question is made from the labels, so that any model knows some of its words. The same
    bytes must give the same whole numbers on every machine, so the answer can be asked for
    again at any time.
    """
    question = {"name": " ".join(sorted(labels)[:8])[:200], "width_mm": 100}
    return canonical_json({"question": question, "answer": plain(model.suggest(question))}).decode()


def still_golden(model: Categorizer | Rules, golden: str) -> bool:
    expected = json.loads(golden)
    return bool(plain(model.suggest(expected["question"])) == expected["answer"])


def plain(answer: Answer) -> list[list[Any]]:
    return [[one.label, one.score, one.confidence_ppm] for one in answer.suggestions]


def read_release(folder: Path, *, commit: str = "") -> Release:
    """Read, verify and load everything in `folder`, or raise UnusableRelease.

    `commit` is what the environment says about the code here, if anything.
    """
    try:
        text = (folder / "card.json").read_text(encoding="utf-8")
        card = json.loads(text)
    except (OSError, ValueError) as error:
        raise UnusableRelease(f"{folder / 'card.json'} cannot be read: {error}.") from error
    try:
        if card["format"] != CARD_FORMAT:
            raise UnusableRelease(f"The card's format is {card['format']!r}, not {CARD_FORMAT}.")
        labels = _labels(card["labels"])
        files = tuple(
            _read_file(folder, kind=kind, entry=card["files"][kind], labels=labels, card=card)
            for kind in KINDS
        )
        return Release(
            card=text,
            dataset_sha256=str(card["dataset"]["sha256"]),
            provenance=provenance.gather(folder, card=card, commit=commit),
            files=files,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnusableRelease(f"{folder / 'card.json'} lacks or mistypes {error}.") from error


def _labels(labels: Sequence[Any]) -> Sequence[str]:
    for label in labels:
        if not isinstance(label, str) or not label.strip() or len(label) > LONGEST_LABEL:
            raise UnusableRelease(f"{label!r} cannot be the path of a category.")
    if not labels or len(set(labels)) != len(labels):
        raise UnusableRelease("The card's labels are empty or say one thing twice.")
    return labels


def _read_file(
    folder: Path, *, kind: str, entry: dict[str, Any], labels: Sequence[str], card: dict[str, Any]
) -> ReleaseFile:
    path = folder / entry["path"]
    if path.name != entry["path"]:
        raise UnusableRelease(f"The card names {entry['path']}, which lies outside its folder.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnusableRelease(f"{path} cannot be read: {error.strerror}.") from error
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != entry["sha256"]:
        raise UnusableRelease(f"{path} is {sha256}, the card says {entry['sha256']}.")
    try:
        model = load_any(data, sha256=sha256, kind=kind)
    except UnusableModel as error:
        raise UnusableRelease(f"{path} cannot be used: {error}") from error
    if isinstance(model, Categorizer):
        _check_fields(path, model)
        if list(model.labels) != list(labels):
            raise UnusableRelease(f"{path} knows other categories than its card.")
        if model.dataset_sha256 != card["dataset"]["sha256"]:
            raise UnusableRelease(f"{path} was trained on another dataset than its card says.")
    return ReleaseFile(kind=kind, sha256=sha256, data=data, golden=golden(model, labels))


def _check_fields(path: Path, model: Categorizer) -> None:
    if foreign := sorted(
        (set(model.text_fields) - TEXT_FIELDS) | (set(model.number_fields) - NUMBER_FIELDS)
    ):
        raise UnusableRelease(
            f"{path} reads {', '.join(foreign)}, which no product here has. Train it on some of "
            f"{', '.join(sorted(TEXT_FIELDS | NUMBER_FIELDS))}."
        )
