from __future__ import annotations

import io
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from categorizer.estimator import ExactClassifier

TEXTS = [
    f"{colour} {head}"
    for head in ("drill", "hammer", "tea")
    for colour in ("red", "blue", "green", "big", "small", "old", "new")
]
LABELS = np.array([label for label in (2, 0, 10) for _ in range(7)])


def test_scikit_learns_own_checks_pass() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which checks are not for estimators of text
        results = check_estimator(ExactClassifier(), on_fail=None)
    assert results
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


def test_labels_keep_their_type_and_order() -> None:
    fitted = ExactClassifier(calibrate=False).fit(TEXTS, LABELS)
    assert fitted.classes_.tolist() == [0, 2, 10]
    assert fitted.predict(["mauve drill", "mauve tea"]).tolist() == [2, 10]
    assert fitted.score(TEXTS, LABELS) == 1.0
    shares = fitted.predict_proba(["mauve drill"])
    assert shares.argmax() == 1
    assert shares.sum() == pytest.approx(1)
    assert fitted.decision_function(["mauve drill"]).argmax() == 1


def test_two_classes_have_one_margin() -> None:
    two = LABELS < 5
    fitted = ExactClassifier(calibrate=False).fit(TEXTS, two)
    margins = fitted.decision_function(TEXTS)
    assert margins.shape == (len(TEXTS),)
    assert ((margins > 0) == fitted.predict(TEXTS)).mean() > 0.9


def test_grids_cross_validation_and_pipelines_work_with_parallel_jobs() -> None:
    grid = GridSearchCV(ExactClassifier(calibrate=False), {"C": [0.5, 1, 2]}, cv=3, n_jobs=2)
    assert grid.fit(TEXTS, LABELS).best_score_ == 1.0
    shout = FunctionTransformer(lambda texts: [text.upper() for text in texts])
    pipeline = make_pipeline(shout, ExactClassifier(calibrate=False))
    assert (cross_val_predict(pipeline, TEXTS, LABELS, cv=3) == LABELS).all()


def test_mappings_and_columns_are_read_alike() -> None:
    rows = [{"name": text, "width": float(number)} for number, text in enumerate(TEXTS)]
    table = np.array([[row["name"], row["width"]] for row in rows], dtype=object)
    by_mapping = ExactClassifier(["name"], ["width"]).fit(rows, LABELS)
    by_column = ExactClassifier(["name"], ["width"]).fit(table, LABELS)
    assert by_mapping.artifact_ == by_column.artifact_
    with pytest.raises(ValueError, match="1 cells, not 2"):
        by_column.predict([["drill"]])


def test_a_clone_has_the_parameters_and_is_not_fitted() -> None:
    copy = clone(ExactClassifier(C=2, folds=3).fit(TEXTS, LABELS))
    assert (copy.C, copy.folds) == (2, 3)
    with pytest.raises(NotFittedError):
        copy.predict(TEXTS)


def test_a_joblib_dump_is_small_stable_and_answers_the_same() -> None:
    fitted = ExactClassifier().fit(TEXTS, LABELS)
    fitted.predict(TEXTS)
    dumps = []
    for _ in range(2):
        buffer = io.BytesIO()
        joblib.dump(ExactClassifier.from_artifact(fitted.artifact_), buffer)
        dumps.append(buffer.getvalue())
    assert dumps[0] == dumps[1]
    restored = joblib.load(io.BytesIO(dumps[0]))
    assert restored.predict(TEXTS).tolist() == [str(label) for label in fitted.predict(TEXTS)]


@pytest.mark.parametrize(
    ("texts", "labels"), [([], []), (["a"], ["x", "y"]), ("drill", ["x"]), (["a", "b"], [1, "1"])]
)
def test_what_cannot_be_learnt_from_is_refused(texts: list[str], labels: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        ExactClassifier().fit(texts, labels)
