"""How good a model is, and from which confidence on a person need not look.

Shares are fractions of whole numbers, rounded to four decimals at the end, so a card's figures are
as reproducible as the model. The baselines are scikit-learn's and fastText's own; they are trained
on the same rows in the same run.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from categorizer.model import MILLION, Answer, confidences_ppm
from categorizer.training import Trained

# The precisions for which a threshold is computed, and the one below which an answer is put before
# a person.
PRECISIONS = ("0.95", "0.98")
REVIEW_PRECISION = "0.98"
NEVER = MILLION + 1
# A label needs this many held-out answers for a threshold of its own; with fewer, the common one
# holds.
_ENOUGH_ANSWERS = 50
_BINS = 15

Int64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer and the truth: confidence in parts per million (None where a model has none) and
    the top labels.
    """

    truth: str
    suggested: tuple[str, ...]
    confidence_ppm: int | None = None

    @property
    def right(self) -> bool:
        """Whether the first suggestion is the truth."""
        return self.suggested[:1] == (self.truth,)


def judge(answers: Sequence[Answer], truths: Sequence[str]) -> list[Judged]:
    """Pair answers with the labels the products really have."""
    return [
        Judged(
            truth,
            tuple(suggestion.label for suggestion in answer.suggestions),
            answer.suggestions[0].confidence_ppm if answer.suggestions else 0,
        )
        for answer, truth in zip(answers, truths, strict=True)
    ]


def metrics(
    judged: Sequence[Judged], *, thresholds: Mapping[str, int] | None = None
) -> dict[str, object]:
    """Return accuracy, macro-F1, top-3, and where there are confidences ECE and coverage at each
    precision.

    `thresholds` maps a precision to the least confidence (parts per million) that reached it on
    training folds.
    """
    result: dict[str, object] = {
        "accuracy": _share(sum(item.right for item in judged), len(judged)),
        "macro_f1": _rounded(macro_f1(judged)),
        "rows": len(judged),
        "top3": _share(sum(item.truth in item.suggested[:3] for item in judged), len(judged)),
    }
    if all(item.confidence_ppm is not None for item in judged):
        result["ece"] = _rounded(expected_calibration_error(judged))
        if thresholds is not None:
            certain = {
                name: [item for item in judged if (item.confidence_ppm or 0) >= limit]
                for name, limit in thresholds.items()
            }
            result["coverage_at"] = {
                name: _share(len(items), len(judged)) for name, items in certain.items()
            }
            result["precision_at"] = {
                name: _share(sum(item.right for item in items), len(items))
                for name, items in certain.items()
            }
    return result


def macro_f1(judged: Sequence[Judged]) -> Fraction:
    """Return the mean F1 over all labels that occur as truth or as suggestion."""
    truths = Counter(item.truth for item in judged)
    suggestions = Counter(item.suggested[0] for item in judged if item.suggested)
    hits = Counter(item.truth for item in judged if item.right)
    labels = truths.keys() | suggestions.keys()
    total = sum(
        (Fraction(2 * hits[label], truths[label] + suggestions[label]) for label in labels),
        Fraction(0),
    )
    return total / max(len(labels), 1)


def expected_calibration_error(judged: Sequence[Judged]) -> Fraction:
    """Return the mean distance of confidence and accuracy over 15 bins of confidence (Naeini et
    al., AAAI 2015).
    """
    bins = reliability(judged)
    gaps = sum(
        (abs(Fraction(right * MILLION - confidence)) for _, right, confidence in bins), Fraction(0)
    )
    return gaps / (MILLION * max(len(judged), 1))


def reliability(judged: Sequence[Judged]) -> list[tuple[int, int, int]]:
    """Return (answers, right answers, sum of confidences in parts per million) of 15 equal bins of
    confidence.
    """
    bins = [[0, 0, 0] for _ in range(_BINS)]
    for item in judged:
        confidence = item.confidence_ppm or 0
        chosen = bins[min(max(confidence - 1, 0) * _BINS // MILLION, _BINS - 1)]
        chosen[0] += 1
        chosen[1] += item.right
        chosen[2] += confidence
    return [(count, right, total) for count, right, total in bins]


def confusion(judged: Sequence[Judged]) -> list[tuple[str, str, int]]:
    """Return (truth, suggestion, times) of every wrong pair, most frequent first."""
    pairs = Counter(
        (item.truth, item.suggested[0] if item.suggested else "")
        for item in judged
        if not item.right
    )
    return [
        (truth, suggested, times)
        for (truth, suggested), times in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def held_out(trained: Trained) -> list[Judged]:
    """Return what the training folds said about the rows that each had not seen."""
    labels = trained.model.labels
    confidences = confidences_ppm(
        trained.held_out_scores, trained.model.temperature, trained.model.noise
    )
    order = np.argsort(-trained.held_out_scores, axis=1, kind="stable")[:, :3]
    return [
        Judged(
            labels[truth],
            tuple(labels[label] for label in best),
            int(confidences[row, best[0]]),
        )
        for row, (truth, best) in enumerate(
            zip(trained.label_of.tolist(), order.tolist(), strict=True)
        )
    ]


def thresholds(judged: Sequence[Judged]) -> dict[str, object]:
    """Return the least confidence (parts per million) from which answers reach each precision.

    `global` has one for all answers at each of `PRECISIONS`; `per_category` one for the answers of
    each label at `REVIEW_PRECISION`. `NEVER` stands where no confidence reaches it.
    """
    by_label: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        by_label[item.suggested[0]].append(item)
    common = {name: threshold(judged, Fraction(name)) for name in PRECISIONS}
    labels = sorted({item.truth for item in judged} | by_label.keys())
    return {
        "global": common,
        "per_category": {
            label: threshold(by_label[label], Fraction(REVIEW_PRECISION))
            if len(by_label[label]) >= _ENOUGH_ANSWERS
            else common[REVIEW_PRECISION]
            for label in labels
        },
        "review_precision": REVIEW_PRECISION,
    }


def threshold(judged: Sequence[Judged], precision: Fraction) -> int:
    """Return the least confidence such that the answers at least that confident are right often
    enough.
    """
    ordered = sorted(judged, key=lambda item: -(item.confidence_ppm or 0))
    found, right = NEVER, 0
    for count, item in enumerate(ordered, start=1):
        right += item.right
        last_of_equals = count == len(ordered) or (
            ordered[count].confidence_ppm != item.confidence_ppm
        )
        if last_of_equals and right >= precision * count:
            found = item.confidence_ppm or 0
    return found


def joined_text(product: Mapping[str, object], fields: Sequence[str]) -> str:
    """Return a product's text fields as one text, as the baselines read it."""
    return " ".join(str(product.get(field) or "") for field in fields)


def linear_svc(
    texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]
) -> list[tuple[str, ...]]:
    """Train scikit-learn's LinearSVC on TF-IDF of words 1-2 and characters 2-5, defaults otherwise;
    answer `asked`.
    """
    from sklearn.svm import LinearSVC

    vectors, questions = _tfidf(texts, asked)
    fitted = LinearSVC(random_state=0).fit(vectors, list(labels))
    return _best(fitted.classes_, fitted.decision_function(questions))


def complement_nb(
    texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]
) -> list[tuple[str, ...]]:
    """Train scikit-learn's ComplementNB on the same TF-IDF, defaults otherwise; answer `asked`."""
    from sklearn.naive_bayes import ComplementNB

    vectors, questions = _tfidf(texts, asked)
    fitted = ComplementNB().fit(vectors, list(labels))
    return _best(fitted.classes_, fitted.predict_log_proba(questions))


def calibrated_linear_svc(
    texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]
) -> tuple[list[Judged], list[Judged]]:
    """Train LinearSVC with sigmoid calibration over five folds.

    Return its answers about its own rows by models that had not seen them (truth in `truth`), from
    which thresholds can be fixed, and its answers about `asked` (their `truth` is empty).
    """
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import cross_val_predict
    from sklearn.svm import LinearSVC

    vectors, questions = _tfidf(texts, asked)
    names = np.array(list(labels))
    folds = _Fifths()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels with fewer than five rows
        estimator = CalibratedClassifierCV(LinearSVC(random_state=0), cv=folds, ensemble=False)
        own = cross_val_predict(estimator, vectors, names, cv=folds, method="predict_proba")
        fitted = estimator.fit(vectors, names)
    classes = np.unique(names)
    return (
        _confident(classes, own, list(labels)),
        _confident(fitted.classes_, fitted.predict_proba(questions), [""] * len(asked)),
    )


class _Fifths:
    """Five folds without an `n_splits`, by which scikit-learn would refuse labels with few rows."""

    def split(self, X: Any, y: object = None, groups: object = None) -> Any:
        from sklearn.model_selection import KFold

        return KFold(5, shuffle=True, random_state=0).split(X)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        return 5


def fasttext(
    texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]
) -> list[tuple[str, ...]]:
    """Train fastText (words 1-2, characters 3-5, 25 epochs, rate 0.5, one thread); answer `asked`.

    Raise ImportError when fastText is not installed; it is optional (requirements-bench.txt).
    """
    import tempfile

    import fasttext as library

    names = sorted(set(labels))
    number = {name: index for index, name in enumerate(names)}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        for text, label in zip(texts, labels, strict=True):
            file.write(f"__label__{number[label]} {_one_line(text)}\n")
        file.flush()
        model = library.train_supervised(
            file.name, epoch=25, lr=0.5, wordNgrams=2, minn=3, maxn=5, thread=1, seed=0, verbose=0
        )
    answers = []
    for text in asked:
        found = model.f.predict(_one_line(text) + "\n", 3, 0.0, "strict")
        answers.append(tuple(names[int(label.removeprefix("__label__"))] for _, label in found))
    return answers


def _one_line(text: str) -> str:
    return " ".join(text.lower().split())


def _tfidf(texts: Sequence[str], asked: Sequence[str]) -> tuple[object, object]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    union = make_union(
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(analyzer="char", ngram_range=(2, 5)),
    )
    return union.fit_transform(list(texts)), union.transform(list(asked))


def _best(classes: NDArray[np.str_], scores: NDArray[np.float64]) -> list[tuple[str, ...]]:
    if scores.ndim == 1:  # scikit-learn's shape for two classes
        scores = np.stack([-scores, scores], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    return [tuple(str(classes[label]) for label in best) for best in order.tolist()]


def _confident(
    classes: NDArray[np.str_], shares: NDArray[np.float64], truths: Sequence[str]
) -> list[Judged]:
    best = _best(classes, shares)
    tops = (shares.max(axis=1) * MILLION).astype(np.int64)
    return [
        Judged(truth, labels, int(top))
        for truth, labels, top in zip(truths, best, tops, strict=True)
    ]


def _share(part: int, whole: int) -> float:
    return _rounded(Fraction(part, whole)) if whole else 0.0


def _rounded(value: Fraction) -> float:
    return float(round(value, 4))
