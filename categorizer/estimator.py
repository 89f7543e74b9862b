"""The exact model as a scikit-learn classifier, for grids, cross-validation, pipelines and
notebooks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from categorizer.artifact import encode
from categorizer.dataset import parts
from categorizer.model import MILLION, Categorizer, exponents_256, load, softmax_weights
from categorizer.training import Options, train

_ONE_TEXT = "text"


class ExactClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # untyped base
    """A linear text classifier whose training and answers are exact integers.

    `X` is a list of texts, a list of mappings, a pandas DataFrame, or a two-dimensional array whose
    columns are `text` and then `number`. `text` and `number` name the fields; a list of texts needs
    neither.

    With `calibrate`, probabilities are calibrated on `folds` held-out parts, which trains `folds`
    more models; without it they have the order of the scores and a usual steepness. Fitted
    attributes: `classes_`, `n_features_in_`, `model_` (the loaded `Categorizer`) and `artifact_`
    (the bytes of its model file).
    """

    def __init__(
        self,
        text: Sequence[str] | None = None,
        number: Sequence[str] = (),
        *,
        C: float | str = 1.0,
        epochs: int = 10,
        min_rows: int = 0,
        chars: tuple[int, int] = (2, 4),
        max_weights: int = 500_000,
        calibrate: bool = True,
        folds: int = 0,
        random_state: int = 0,
    ) -> None:
        self.text = text
        self.number = number
        self.C = C
        self.epochs = epochs
        self.min_rows = min_rows
        self.chars = chars
        self.max_weights = max_weights
        self.calibrate = calibrate
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Train on products `X` and labels `y`. Raise ValueError or BadProduct."""
        products = self._products(X)
        labels = np.asarray(y)
        if len(labels) != len(products):
            raise ValueError(f"{len(products)} products, but {len(labels)} labels")
        if len(products) == 0:
            raise ValueError("there is nothing to learn from: 0 products")
        self.classes_: NDArray[Any] = np.unique(labels)
        names = [str(name) for name in self.classes_]
        if len(set(names)) != len(names):
            raise ValueError("two labels look the same as text")
        options = Options(
            c=str(self.C),
            epochs=self.epochs,
            min_rows=self.min_rows,
            chars_from=self.chars[0],
            chars_to=self.chars[1],
            max_weights=self.max_weights,
            folds=self.folds,
            seed=self.random_state,
        ).for_rows(len(products))
        # A seed moves rows between folds too: repeated runs then show how much luck there is.
        rows = [f"{self.random_state}/{row}" for row in range(len(products))]
        trained = train(
            products,
            [str(label) for label in labels],
            text_fields=self._text_fields(),
            number_fields=tuple(self.number),
            options=options,
            fold_of=parts(rows, options.folds) if self.calibrate else None,
        )
        self._use(encode(trained.model))
        return self

    @property
    def _columns(self) -> NDArray[np.int64]:
        """Where each of `classes_` stands among the model's labels, which are sorted as text."""
        position = {name: index for index, name in enumerate(self.model_.labels)}
        return np.array([position[str(label)] for label in self.classes_], np.int64)

    @classmethod
    def from_artifact(cls, data: bytes) -> Self:
        """Return a fitted classifier that answers with a model file. Raise UnusableModel."""
        self = cls()
        self._use(data)
        spec = self.model_.data.spec
        self.text, self.number = spec.text_fields, spec.number_fields
        self.chars = (spec.chars_from, spec.chars_to)
        self.classes_ = np.array(self.model_.labels)
        return self

    def __getstate__(self) -> dict[str, Any]:
        # The bytes say everything; a dump of them alone is the same on every run.
        return {name: value for name, value in vars(self).items() if name != "model_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "artifact_" in state:
            self._use(state["artifact_"])

    def _use(self, data: bytes) -> None:
        self.artifact_ = data
        self.model_: Categorizer = load(data, sha256=hashlib.sha256(data).hexdigest())
        self.n_features_in_ = len(self.model_.text_fields) + len(self.model_.number_fields)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the best label of each product."""
        best = self._scores(X).argmax(axis=1)
        answers: NDArray[Any] = self.classes_[np.argsort(self._columns, kind="stable")[best]]
        return answers

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return products x classes; the integers behind them are the model's parts per million."""
        data = self.model_.data
        weights = softmax_weights(exponents_256(self._scores(X), data.temperature))
        softmax = weights / weights.sum(axis=1, keepdims=True)
        noise = data.noise / MILLION
        shares: NDArray[np.float64] = softmax * (1 - noise) + noise / len(data.labels)
        return shares[:, self._columns]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the scores, products x classes, as margins; for two classes one column, as is the
        custom.
        """
        margins: NDArray[np.float64] = self._scores(X)[:, self._columns] / 2.0**39
        return margins[:, 1] if len(self.classes_) == 2 else margins

    def _scores(self, X: Any) -> NDArray[np.int64]:
        check_is_fitted(self, "model_")
        return self.model_.scores(self._products(X))[0]

    def _text_fields(self) -> tuple[str, ...]:
        return (_ONE_TEXT,) if self.text is None else tuple(self.text)

    def _products(self, X: Any) -> list[Mapping[str, object]]:
        fields = (*self._text_fields(), *self.number)
        if isinstance(X, str):
            raise ValueError("X is one text; give a list of texts")
        if hasattr(X, "to_dict") and hasattr(X, "columns"):  # a DataFrame, without importing pandas
            rows = [dict(row) for row in X.to_dict("records")]
            return [{name: _absent(row.get(name)) for name in fields} for row in rows]
        products: list[Mapping[str, object]] = []
        for row in X:
            if isinstance(row, str):
                products.append({fields[0]: row})
            elif isinstance(row, Mapping):
                products.append(row)
            else:
                cells = list(row)
                if len(cells) != len(fields):
                    raise ValueError(f"a row has {len(cells)} cells, not {len(fields)}")
                products.append(dict(zip(fields, map(_absent, cells), strict=True)))
        return products

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.input_tags.dict = True
        return tags


def _absent(cell: Any) -> object:
    """Return a cell as plain Python; a NaN, which is how tables say "nothing", is None."""
    value = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(value, float) and np.isnan(value):
        return None
    plain: object = value
    return plain
