"""Make a release: train the models, write their files, judge them, and say all of it in one report.

A release is a folder: `model.safetensors` (the model), `fallback.safetensors` (a much smaller one,
words only, for when the model cannot be used), `rules.json` (keyword rules, for when neither can),
`model.joblib` (the fitted estimator for notebooks; nothing here ever reads it) and `report.json`.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import joblib

from categorizer import evaluation
from categorizer.artifact import encode
from categorizer.canonical import canonical_json
from categorizer.dataset import Dataset, grouped_split
from categorizer.estimator import ExactClassifier
from categorizer.model import load
from categorizer.rules import load_rules, make_rules
from categorizer.training import Options, Trained, folds, train

MODEL_FILE = "model.safetensors"
FALLBACK_FILE = "fallback.safetensors"
RULES_FILE = "rules.json"
ESTIMATOR_FILE = "model.joblib"

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Release:
    """The files of a release as bytes, and what was measured on the training folds."""

    model: bytes
    fallback: bytes
    rules: bytes
    thresholds: dict[str, object]
    folds: str
    trained: Trained

    def files(self) -> dict[str, tuple[str, bytes]]:
        """Return name and bytes of each file by its role."""
        return {
            "model": (MODEL_FILE, self.model),
            "fallback": (FALLBACK_FILE, self.fallback),
            "rules": (RULES_FILE, self.rules),
        }


def with_split(dataset: Dataset) -> Dataset:
    """Return the dataset with a fifth of its rows kept for testing, look-alikes together, if it has
    none yet.
    """
    if any(dataset.is_test):
        return dataset
    return replace(dataset, is_test=tuple(grouped_split(main_texts(dataset))))


def main_texts(dataset: Dataset) -> list[str]:
    """Return the text that decides which rows look alike: the first text field, or all where it is
    empty.
    """
    first = dataset.text_fields[0]
    return [
        str(product[first]).strip() or evaluation.joined_text(product, dataset.text_fields)
        for product in dataset.products
    ]


def build(
    dataset: Dataset,
    *,
    options: Options | None = None,
    report: Report = lambda what, done, total: None,
) -> Release:
    """Train on the dataset's training rows. Raise ValueError, BadProduct or FixedPointOverflow."""
    options = options or Options()
    rows = dataset.rows(test=False)
    products = [dataset.products[row] for row in rows]
    labels = [dataset.labels[row] for row in rows]
    how, fold_of = folds(main_texts(dataset), is_test=dataset.is_test, options=options)
    origin: Mapping[str, object] = {"dataset_sha256": dataset.sha256}
    trained = train(
        products,
        labels,
        text_fields=dataset.text_fields,
        number_fields=dataset.number_fields,
        options=options,
        fold_of=fold_of,
        origin={**origin, "role": "model"},
        report=lambda done, total: report("training the model", done, total),
    )
    small = replace(options, chars_from=0, chars_to=0, max_weights=options.max_weights // 10)
    fallback = train(
        products,
        labels,
        text_fields=dataset.text_fields,
        options=small,
        fold_of=fold_of,
        origin={**origin, "role": "fallback"},
        report=lambda done, total: report("training the fallback model", done, total),
    )
    return Release(
        model=encode(trained.model),
        fallback=encode(fallback.model),
        rules=make_rules(
            products, labels, text_fields=dataset.text_fields, dataset_sha256=dataset.sha256
        ),
        thresholds=evaluation.thresholds(evaluation.held_out(trained)),
        folds=how,
        trained=trained,
    )


def judge(release: Release, dataset: Dataset, *, compare: Sequence[str] = ()) -> dict[str, object]:
    """Return the metrics of the release's models on the test rows, and of the baselines named in
    `compare`.

    Baselines: linear_svc, complement_nb, calibrated_linear_svc, fasttext (None where it is not
    installed).
    """
    files = {role: data for role, (_, data) in release.files().items()}
    return judge_files(files, dataset, thresholds=release.thresholds, compare=compare)


def judge_files(
    files: Mapping[str, bytes],
    dataset: Dataset,
    *,
    thresholds: Mapping[str, object],
    compare: Sequence[str] = (),
) -> dict[str, object]:
    """Do what `judge` does, from the files of a release by role and the thresholds of its card."""
    rows = dataset.rows(test=True)
    asked = [dataset.products[row] for row in rows]
    truths = [dataset.labels[row] for row in rows]
    common = thresholds["global"]
    assert isinstance(common, dict)
    result: dict[str, object] = {}
    for role, data in files.items():
        sha256 = hashlib.sha256(data).hexdigest()
        if role == "rules":
            rules = load_rules(data, sha256=sha256)
            answers = [rules.suggest(product, top=3) for product in asked]
        else:
            answers = load(data, sha256=sha256).suggest_many(asked, top=3)
        judged = evaluation.judge(answers, truths)
        limits = common if role == "model" else None
        result[role] = evaluation.metrics(judged, thresholds=limits)
    training = dataset.rows(test=False)
    texts = [evaluation.joined_text(dataset.products[row], dataset.text_fields) for row in training]
    labels = [dataset.labels[row] for row in training]
    questions = [evaluation.joined_text(product, dataset.text_fields) for product in asked]
    for name in compare:
        result[name] = _baseline(name, texts, labels, questions, truths)
    return result


def _baseline(
    name: str,
    texts: Sequence[str],
    labels: Sequence[str],
    questions: Sequence[str],
    truths: Sequence[str],
) -> dict[str, object] | None:
    if name == "calibrated_linear_svc":
        own, answers = evaluation.calibrated_linear_svc(texts, labels, questions)
        limits = evaluation.thresholds(own)["global"]
        assert isinstance(limits, dict)
        judged = [replace(item, truth=truth) for item, truth in zip(answers, truths, strict=True)]
        return evaluation.metrics(judged, thresholds=limits)
    baseline = {
        "linear_svc": evaluation.linear_svc,
        "complement_nb": evaluation.complement_nb,
        "fasttext": evaluation.fasttext,
    }[name]
    try:
        suggested = baseline(texts, labels, questions)
    except ImportError:
        return None
    return evaluation.metrics(
        [evaluation.Judged(truth, best) for truth, best in zip(truths, suggested, strict=True)]
    )


def description(release: Release, dataset: Dataset, *, options: Options) -> dict[str, object]:
    """Return what a card says of a release besides its metrics: files, dataset, parameters, labels,
    thresholds.
    """
    model = release.trained.model
    return {
        "code_sha256": model.origin["code_sha256"],
        "dataset": {
            "rows": len(dataset),
            "sha256": dataset.sha256,
            "test_rows": len(dataset.rows(test=True)),
            "train_rows": len(dataset.rows(test=False)),
        },
        "fields": {"number": list(dataset.number_fields), "text": list(dataset.text_fields)},
        "files": {
            role: {"bytes": len(data), "path": name, "sha256": hashlib.sha256(data).hexdigest()}
            for role, (name, data) in release.files().items()
        },
        "folds": release.folds,
        "format": "shelfmark-card/1",
        "labels": list(model.labels),
        "params_sha256": hashlib.sha256(canonical_json(asdict(options))).hexdigest(),
        "taxonomy_sha256": hashlib.sha256(canonical_json(sorted(model.labels))).hexdigest(),
        "text": "text/1",
        "thresholds": release.thresholds,
    }


def write(release: Release, folder: Path) -> None:
    """Write the release's files, each under a temporary name first, so that none is ever half
    there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in release.files().values():
        _write(folder / name, data)
    dump = io.BytesIO()
    joblib.dump(ExactClassifier.from_artifact(release.model), dump)
    _write(folder / ESTIMATOR_FILE, dump.getvalue())


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)
