"""Answering a question of the past again, from the very bytes that answered it then.

A receipt names its model by the digest of its bytes and commits to what was asked. Those two
determine the answer, so it is computed again and compared: it is identical, it is different, or
there is a reason why that cannot be known. Nothing here writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from categorizer.features import BadProduct
from categorizer.model import Answer, Categorizer, UnusableModel
from categorizer.rules import Rules
from categorizer.text import TEXT_VERSION
from ledger.commitments import canonical, commitment
from ledger.models import Entry, Leaf, Pruning
from ledger.openings import Opened, parts
from ledger.tree import leaf_hash
from lib.ids import smallest_id
from predictions import receipts, serving
from predictions.models import ReplayOutcome
from registry import files
from registry.models import ModelVersion
from registry.release import load_any

# Which kind of model answers on a path.
_KIND_OF = {"live": "model", "canary": "model", "fallback": "fallback", "rules": "rules"}
# What the input and the model's bytes determine, as the receipt calls it.
_DETERMINED = (
    "category", "score", "confidence_ppm", "alternatives", "decision_path", "passed_over",
    "threshold_ppm", "needs_review", "model_sha256", "dataset_sha256", "text", "tablet_answer",
)  # fmt: skip


class CannotReplay(Exception):
    """The message is fit to show; `reason` is the same in one word, for the ledger."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of the receipt: what it said then, and what comes out now."""

    field: str
    then: object
    now: object


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay."""

    outcome: ReplayOutcome
    code_then: str | None
    code_now: str
    differences: tuple[Difference, ...] = ()
    # Why it cannot be replayed: a word for the ledger, a sentence for people.
    reason: str | None = None
    why: str | None = None
    # What could not be repeated although the answer could, in sentences.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept of one answer."""

    id: UUID
    body: bytes | None
    # Its leaf in the log; None as long as it is not sealed.
    leaf: bytes | None
    input: Opened | None
    # The archive that its receipt went into when old entries left the database.
    archive_sha256: str | None = None


def stored(ids: Iterable[UUID]) -> list[Stored]:
    """Gather what is kept of these answers, in few queries."""
    wanted = list(ids)
    entries = {entry.uuid: entry for entry in Entry.objects.filter(uuid__in=wanted)}
    keys = [entry.pk for entry in entries.values()]
    leaves = dict(Leaf.objects.filter(entry_id__in=keys).values_list("entry_id", "hash"))
    openings = parts(wanted)
    pruning = None
    if len(entries) < len(wanted):
        pruning = Pruning.objects.order_by("-up_to_index").first()
    found = []
    for one in wanted:
        entry = entries.get(one)
        leaf = leaves.get(entry.pk) if entry else None
        found.append(
            Stored(
                id=one,
                body=entry.content() if entry else None,
                leaf=None if leaf is None else bytes(leaf),
                input=openings.get(one, {}).get("input"),
                archive_sha256=pruning.archive_sha256
                if pruning and not entry and one < smallest_id(pruning.before)
                else None,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Pinned:
    """A registered model, loaded from bytes that were hashed on the way."""

    kind: str
    card: str
    dataset_sha256: str
    model: Categorizer | Rules

    def ask(self, product: Mapping[str, object]) -> Answer:
        """Raise CannotReplay for something that no model would have been asked."""
        try:
            return self.model.suggest(product, top=serving.TOP)
        except BadProduct as error:
            raise CannotReplay(
                "input_unusable", f"what was asked cannot be read as a product: {error}"
            ) from error


@dataclass
class Models:
    """The pinned models, each read from the disk and hashed once as long as this lives."""

    most: int = 4
    _loaded: dict[str, Pinned] = field(default_factory=dict)

    def get(self, sha256: str) -> Pinned:
        """Return the model with this digest. Raise CannotReplay."""
        known = self._loaded.get(sha256)
        if known is None:
            known = _load(sha256)
            while len(self._loaded) >= self.most:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[sha256] = known
        return known


def _load(sha256: str) -> Pinned:
    version = ModelVersion.objects.filter(pk=sha256).first()
    if version is None:
        raise CannotReplay("model_unknown", f"no model with the sha256 {sha256} is registered here")
    try:
        data = files.read(sha256, kind=version.kind)
    except files.WrongFile as error:
        raise CannotReplay(
            "model_missing", f"the file of the model with the sha256 {sha256} is missing"
        ) from error
    try:
        model = load_any(data, sha256=sha256, kind=version.kind)
    except UnusableModel as error:
        actual = hashlib.sha256(data).hexdigest()
        raise CannotReplay(
            "model_damaged",
            f"the file of the model with the sha256 {sha256} is damaged: its bytes are {actual}"
            if actual != sha256
            else f"this code cannot read the model with the sha256 {sha256}: {error}",
        ) from error
    return Pinned(version.kind, version.card, version.dataset_sha256, model)


def replay(kept: Stored, *, find: Callable[[str], Pinned], code: str) -> Replayed:
    """Answer again what `kept` is about, and compare. `code` is the commit that runs now."""
    code_then = None
    try:
        receipt = _read(kept)
        code_then = str(receipt["code_commit"])
        product = question(receipt, kept.input)
        again, notes = _answer(receipt, product, find)
        again = receipts.beside_tablet(receipt, again)
    except CannotReplay as error:
        return Replayed(
            ReplayOutcome.IMPOSSIBLE, code_then, code, reason=error.reason, why=f"{error}."
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return Replayed(
            ReplayOutcome.IMPOSSIBLE,
            code_then,
            code,
            reason="receipt_unreadable",
            why="the receipt lacks what a receipt has.",
        )
    differences = tuple(
        Difference(name, receipt.get(name), again[name])
        for name in _DETERMINED
        # As bytes: to Python, 1, 1.0 and True are equal.
        if canonical(receipt.get(name)) != canonical(again[name])
    )
    if kept.leaf is None:
        notes.append(
            "The receipt is not sealed in the log yet, so nothing shows that it is as it was."
        )
    outcome = ReplayOutcome.DIFFERENT if differences else ReplayOutcome.IDENTICAL
    return Replayed(outcome, code_then, code, differences, notes=tuple(notes))


def _read(kept: Stored) -> dict[str, Any]:
    """Return the receipt, if it is still the one that the log has."""
    if kept.body is None and kept.archive_sha256 is not None:
        raise CannotReplay(
            "receipt_pruned",
            "its receipt is so old that it left the database; it is in the archive with the "
            f"sha256 {kept.archive_sha256} or in an earlier one",
        )
    if kept.body is None:
        raise CannotReplay("receipt_missing", "its receipt is not in the ledger")
    if kept.leaf is not None and leaf_hash(kept.body) != kept.leaf:
        raise CannotReplay(
            "receipt_altered",
            f"its receipt was altered: the log has the hash {kept.leaf.hex()}, the stored receipt "
            f"has {leaf_hash(kept.body).hex()}",
        )
    receipt = json.loads(kept.body)
    if receipt["id"] != str(kept.id):
        raise CannotReplay("receipt_altered", f"its receipt is that of {receipt['id']}")
    return dict(receipt)


def question(receipt: Mapping[str, Any], opened: Opened | None) -> Mapping[str, object]:
    """Return what was asked, if it is what the receipt commits to. Raise CannotReplay.

    In the first format it stood in the receipt itself.
    """
    match receipt["format"]:
        case "shelfmark-receipt/1":
            product: Mapping[str, object] = receipt["input"]
            is_right = hashlib.sha256(canonical(product)).hexdigest() == receipt["input_sha256"]
        case "shelfmark-receipt/2":
            if opened is None:
                raise CannotReplay("input_erased", "what was asked has been erased")
            product = opened.value
            is_right = commitment(opened.salt, opened.data) == receipt["input_commitment"]
        case unknown:
            raise CannotReplay("unknown_format", f"this code does not know the format {unknown}")
    if not is_right:
        raise CannotReplay(
            "input_altered", "what is stored as the question is not what the receipt commits to"
        )
    return product


def _answer(
    receipt: Mapping[str, Any], product: Mapping[str, object], find: Callable[[str], Pinned]
) -> tuple[dict[str, object], list[str]]:
    """Return what the receipt would say if it was made now, and what could not be repeated."""
    path = _known_path(receipt)
    passed_over, notes = _pass_over(receipt, product, find)
    if path == "none":
        if notes:
            raise CannotReplay(
                "not_repeatable",
                "nobody could answer, and that cannot be repeated: " + " ".join(notes)[:-1],
            )
        return _nobody(passed_over), notes
    digest = receipt["model_sha256"]
    pinned = find(digest)
    answer = pinned.ask(product)
    if not (answer.matched and answer.suggestions):
        return _nobody(passed_over), notes
    best = answer.suggestions[0]
    # Only the live model has thresholds (serving.Link).
    is_live = _KIND_OF[path] == "model"
    threshold = serving.thresholds(pinned.card).get(best.label) if is_live else None
    return {
        "category": best.label,
        "score": best.score,
        "confidence_ppm": best.confidence_ppm,
        "alternatives": receipts.plain(answer.suggestions[1:]),
        "decision_path": path if pinned.kind == _KIND_OF[path] else _path_of(pinned),
        "passed_over": passed_over,
        "threshold_ppm": threshold,
        "needs_review": threshold is None or best.confidence_ppm < threshold,
        "model_sha256": digest,
        "dataset_sha256": pinned.model.dataset_sha256,
        "text": pinned.model.text_version,
    }, notes


def _known_path(receipt: Mapping[str, Any]) -> str:
    """Return the decision path, if this code can judge what was answered on it."""
    path: str = receipt["decision_path"]
    if path != "none" and path not in _KIND_OF:
        raise CannotReplay("unknown_path", f"this code does not know the decision path {path}")
    if receipt["text"] not in (None, TEXT_VERSION):
        raise CannotReplay(
            "unknown_text",
            f"it was read as {receipt['text']}, and this code knows only {TEXT_VERSION}",
        )
    return path


def _path_of(pinned: Pinned) -> str:
    return next(path for path, kind in _KIND_OF.items() if kind == pinned.kind)


def _nobody(passed_over: object) -> dict[str, object]:
    return {
        **dict.fromkeys(_DETERMINED),
        "alternatives": [],
        "decision_path": "none",
        "passed_over": passed_over,
        "needs_review": True,
    }


def _pass_over(
    receipt: Mapping[str, Any], product: Mapping[str, object], find: Callable[[str], Pinned]
) -> tuple[list[dict[str, object]], list[str]]:
    """Ask again those who were asked before the one that answered."""
    path = receipt["decision_path"]
    told: dict[str, Mapping[str, Any]] = {one["path"]: one for one in receipt["passed_over"]}
    again: list[dict[str, object]] = []
    notes: list[str] = []
    for before in _asked_before(path):
        one = told.get(before)
        if one is None:
            again.append({"path": before, "why": "was not asked"})
            continue
        match one["why"], one.get("model_sha256"):
            case "unusable", _:
                again.append(dict(one))
                notes.append(
                    f"On the path {before} no model could be used then, which nobody can repeat."
                )
            case "nothing_known", None:
                again.append(dict(one))
                notes.append(
                    f"The receipt does not name the model on the path {before} that knew nothing, "
                    "so it was not asked again."
                )
            case "nothing_known", digest:
                pinned = find(str(digest))
                answer = pinned.ask(product)
                knows = answer.matched and answer.suggestions
                is_there = pinned.kind == _KIND_OF[before]
                again.append(
                    {**one, "why": "answers now"}
                    if knows
                    else dict(one)
                    if is_there
                    else {**one, "path": _path_of(pinned)}
                )
            case why, _:
                raise CannotReplay("unknown_reason", f"this code does not know why “{why}” is")
    return again, notes


def _asked_before(path: str) -> tuple[str, ...]:
    """Return the paths that are tried before this one is."""
    if path == "none":
        return serving.ORDER
    return serving.ORDER[: serving.ORDER.index("live" if path == "canary" else path)]


# In words

_SENTENCES = {
    ReplayOutcome.IDENTICAL: "Identical: the same model says the same to the same question.",
    ReplayOutcome.DIFFERENT: "Different: the model of the receipt says something else now.",
    ReplayOutcome.IMPOSSIBLE: "It cannot be replayed, because",
}


def in_words(replayed: Replayed) -> list[str]:
    """Return what came of a replay in full sentences."""
    sentence = _SENTENCES[replayed.outcome]
    lines = [f"{sentence} {replayed.why}" if replayed.why else sentence]
    lines += [
        f"{one.field} was {shown(one.then)} then and is {shown(one.now)} now."
        for one in replayed.differences
    ]
    lines += replayed.notes
    lines.append(code_in_words(replayed))
    return lines


def shown(value: object) -> str:
    """Return a value as the receipt writes it."""
    return canonical(value).decode()


def code_in_words(replayed: Replayed) -> str:
    then, now = replayed.code_then, replayed.code_now
    if then is None:
        return f"The code here is {now}."
    if then == now:
        return f"The code is the same as then: {now}."
    return f"The code then was {then}, the code here is {now}."
