"""The models a shop would reach for first, trained on the same rows in the same run."""

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.quality import PRECISIONS, Answers, threshold_for

FOLDS = 3
_FASTTEXT_TOKEN = re.compile(r"\w+|[^\w\s]")
_LABEL = "__label__"


def text_of(product: Mapping[str, object]) -> str:
    """Return the texts of a product as one; the baselines know no fields and no numbers."""
    return " ".join(value for value in product.values() if isinstance(value, str))


def _folds() -> StratifiedKFold:
    return StratifiedKFold(FOLDS, shuffle=True, random_state=0)


def _thresholds(answers: Answers, truth: Sequence[str]) -> dict[float, float]:
    return {precision: threshold_for(precision, answers, truth) for precision in PRECISIONS}


def _linear_svc_pipeline() -> Pipeline:
    return make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2)),
            TfidfVectorizer(analyzer="char", ngram_range=(2, 5)),
        ),
        LinearSVC(random_state=0),
    )


def _temperature(margins: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the one temperature that makes the softmax of out-of-fold margins most likely."""
    rows = np.arange(len(truth))

    def surprise(log_temperature: float) -> float:
        chances = log_softmax(margins / np.exp(log_temperature), axis=1)
        return -float(chances[rows, truth].mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-5, 5), method="bounded").x))


def linear_svc(
    train: Sequence[str], labels: Sequence[str], test: Sequence[str]
) -> tuple[Answers, dict[float, float]]:
    """LinearSVC over word 1-2 and character 2-5 TF-IDF, calibrated by one temperature.

    Per-class sigmoids (scikit-learn's own calibration) are left out because they calibrate worse.
    Returns the answers for `test` and the thresholds found on the folds of `train`.
    """
    out_of_fold = cross_val_predict(
        _linear_svc_pipeline(), train, labels, cv=_folds(), method="decision_function"
    )
    pipeline = _linear_svc_pipeline().fit(train, labels)
    classes = pipeline.classes_
    temperature = _temperature(out_of_fold, np.searchsorted(classes, labels))

    def answers(margins: NDArray[np.float64]) -> Answers:
        shares = softmax(margins / temperature, axis=1)
        return Answers([str(classes[at]) for at in shares.argmax(1)], shares.max(1))

    found = answers(pipeline.decision_function(test))
    return found, _thresholds(answers(out_of_fold), labels)


def fasttext(
    train: Sequence[str], labels: Sequence[str], test: Sequence[str]
) -> tuple[Answers, dict[float, float]]:
    """fastText with word 1-2 and character 3-5 n-grams; its softmax is its confidence."""
    lines = np.asarray([_fasttext_line(text) for text in train])
    known = np.asarray(labels)
    guesses, confidences = np.empty(len(known), dtype=object), np.zeros(len(known))
    for inside, outside in _folds().split(lines, known):
        fold = _fasttext_model(lines[inside], known[inside])(lines[outside])
        guesses[outside], confidences[outside] = fold.labels, fold.confidences
    thresholds = _thresholds(Answers([str(guess) for guess in guesses], confidences), labels)
    return _fasttext_model(lines, known)([_fasttext_line(text) for text in test]), thresholds


def _fasttext_line(text: str) -> str:
    """fastText only splits at blanks; its own documentation lowers and separates like this."""
    return " ".join(_FASTTEXT_TOKEN.findall(text.lower()))


def _fasttext_model(
    lines: NDArray[np.str_], labels: NDArray[np.str_]
) -> Callable[[Sequence[str]], Answers]:
    import fasttext as library

    names = sorted(set(labels.tolist()))
    number = {name: at for at, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        text = (f"{_LABEL}{number[lb]} {ln}\n" for ln, lb in zip(lines, labels, strict=True))
        file.write_text("".join(text), encoding="utf-8")
        model = library.train_supervised(
            str(file), wordNgrams=2, minn=3, maxn=5, lr=0.5, epoch=25, thread=1, verbose=0
        )

    def answer(asked: Sequence[str]) -> Answers:
        guesses, shares = model.predict(list(asked), k=1)
        found = [names[int(guess[0].removeprefix(_LABEL))] for guess in guesses]
        return Answers(found, np.minimum([float(share[0]) for share in shares], 1.0))

    return answer
