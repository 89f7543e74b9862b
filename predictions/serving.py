"""Which model answers: the live one, else the fallback, else the rules, else nobody.

Hot swap needs no reload: the open deployments are read again at least once a second, and a new
digest is a new key. A model is loaded from the bytes that were hashed, and an answer in
progress keeps the model it began with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import structlog

from categorizer.model import Answer, Categorizer, Suggestion, UnusableModel
from categorizer.rules import Rules
from inventory.models import Taxonomy
from lib.fresh import Fresh
from registry import files
from registry.models import Deployment, ModelVersion
from registry.release import load_any

log = structlog.get_logger(__name__)

# How long a process may go on with a model after another one was deployed.
FRESH_SECONDS = 1.0
ORDER = ("live", "fallback", "rules")
TOP = 5
# A path, why it did not answer, and the digest of its model where there was one.
PassedOver = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Link:
    """One model in the chain, ready to answer."""

    path: str
    sha256: str
    dataset_sha256: str
    text_version: str | None
    model: Categorizer | Rules
    golden: str
    # Only the live model has thresholds: they were measured on it and hold for no other.
    thresholds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Chain:
    links: tuple[Link, ...]
    # What cannot answer, and why: ("live", "…/abc.safetensors is cut off").
    broken: tuple[tuple[str, str], ...]
    taxonomy_version: int

    def link(self, path: str) -> Link | None:
        return next((link for link in self.links if link.path == path), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the chain said to one question."""

    path: str
    link: Link | None
    suggestions: tuple[Suggestion, ...]
    passed_over: tuple[PassedOver, ...]
    threshold_ppm: int | None
    needs_review: bool


@lru_cache(maxsize=6)  # three that answer and the three before them; an old one just falls out
def loaded(sha256: str, kind: str) -> Categorizer | Rules:
    """Return the model with this digest. Raise WrongFile or UnusableModel, and forget it."""
    return load_any(files.read(sha256, kind=kind), sha256=sha256, kind=kind)


@lru_cache(maxsize=6)
def thresholds(card: str) -> Mapping[str, int]:
    return {
        label: int(ppm)
        for label, ppm in json.loads(card)["thresholds"]["per_category"].items()
        if ppm is not None
    }


def look() -> Chain:
    """Read from the database what is deployed, and load what is not loaded yet."""
    deployed = {
        deployment.role: deployment.version
        for deployment in Deployment.objects.open().select_related("version")
    }
    links: list[Link] = []
    broken: list[tuple[str, str]] = []
    for role in ORDER:
        version = deployed.get(role)
        if version is None:
            broken.append((role, "Nothing is deployed."))
            continue
        try:
            links.append(_link(role, version))
        except (files.WrongFile, UnusableModel) as error:
            log.error("model.unusable", path=role, sha256=version.sha256, why=str(error))
            broken.append((role, str(error)))
    return Chain(tuple(links), tuple(broken), Taxonomy.current_version())


def _link(role: str, version: ModelVersion) -> Link:
    model = loaded(version.sha256, version.kind)
    return Link(
        path=role,
        sha256=version.sha256,
        dataset_sha256=version.dataset_sha256,
        text_version=getattr(model, "text_version", None),
        model=model,
        golden=version.golden,
        thresholds=thresholds(version.card) if role == "live" else {},
    )


_fresh = Fresh(look, seconds=FRESH_SECONDS)


def chain() -> Chain:
    """Return what answers now, at most FRESH_SECONDS old and a look-up more."""
    return _fresh.get()


def forget() -> None:
    """Look again at the next question. For tests, and for whoever has just deployed."""
    _fresh.forget()


@lru_cache(maxsize=2)
def _retired(sha256: str) -> Categorizer | Rules:
    # A cache of its own, so that a look into the past never costs the models that answer theirs.
    return load_any(files.read(sha256, kind="model"), sha256=sha256, kind="model")


_one_at_a_time = Lock()


def categorizer(sha256: str) -> Categorizer:
    """Return the model with this digest, whether it answers now or did long ago.

    Raise WrongFile or UnusableModel.
    """
    for link in chain().links:
        if link.sha256 == sha256 and isinstance(link.model, Categorizer):
            return link.model
    with _one_at_a_time:  # ten people who ask about one old answer load its model once
        model = _retired(sha256)
    assert isinstance(model, Categorizer)
    return model


def ask(chain: Chain, products: Sequence[Mapping[str, object]]) -> list[Outcome]:
    """Ask the chain about products. What a model knows nothing of is passed on to the next."""
    outcomes: list[Outcome | None] = [None] * len(products)
    waiting = list(range(len(products)))
    passed_over: list[tuple[PassedOver, ...]] = [()] * len(products)
    for path in ORDER:
        link = chain.link(path)
        if link is None:
            for position in waiting:
                passed_over[position] += ((path, "unusable", None),)
            continue
        answers = _answers(link.model, [products[position] for position in waiting])
        passed_on = []
        for position, answer in zip(waiting, answers, strict=True):
            if answer.matched and answer.suggestions:
                outcomes[position] = _outcome(link, answer, passed_over[position])
            else:
                passed_over[position] += ((path, "nothing_known", link.sha256),)
                passed_on.append(position)
        waiting = passed_on
        if not waiting:
            break
    return [
        outcome or Outcome("none", None, (), passed_over[position], None, needs_review=True)
        for position, outcome in enumerate(outcomes)
    ]


def _answers(model: Categorizer | Rules, products: list[Mapping[str, object]]) -> list[Answer]:
    if len(products) > 1 and isinstance(model, Categorizer):
        return model.suggest_many(products, top=TOP)
    if isinstance(model, Categorizer):
        return [model.suggest(product, top=TOP) for product in products]
    return [model.suggest(product) for product in products]


def _outcome(link: Link, answer: Answer, passed_over: tuple[PassedOver, ...]) -> Outcome:
    best = answer.suggestions[0]
    threshold = link.thresholds.get(best.label)
    return Outcome(
        path=link.path,
        link=link,
        suggestions=answer.suggestions,
        passed_over=passed_over,
        threshold_ppm=threshold,
        needs_review=threshold is None or best.confidence_ppm < threshold,
    )
