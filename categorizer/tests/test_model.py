from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from categorizer import features, vectors
from categorizer.features import BadProduct
from categorizer.model import Categorizer, confidences_ppm, load


def by_the_book(model: Categorizer, product: Mapping[str, object]) -> dict[str, int]:
    """Score a product as docs/artifact-format.md says, with Python's integers and no cleverness."""
    data = model.data
    first = [0]
    for count in data.counts.tolist():
        first.append(first[-1] + count)
    index = {key: place for place, key in enumerate(data.keys.tolist())}
    sums = [0] * len(model.labels)
    for found, target in zip(
        features.blocks(product, data.spec, model.fold), data.block_targets, strict=True
    ):
        counts = Counter(index[k] for k in map(features.key, found) if k in index)
        raw = {}
        for feature, count in counts.items():
            tf = 1024 + round(1024 * math.log(min(count, 63)))
            raw[feature] = tf * int(data.idf[feature]) // 1024
        norm = math.isqrt(sum(weight**2 for weight in raw.values()))
        for feature, weight in raw.items():
            component = (2 * target * weight + norm) // (2 * norm)
            for entry in range(first[feature], first[feature + 1]):
                sums[int(data.classes[entry])] += component * int(data.weights[entry])
    return {
        label: int(data.bias[place]) + int(data.scale[place]) * sums[place]
        for place, label in enumerate(model.labels)
    }


def test_scores_are_the_specified_integers_for_hard_questions(tiny: Categorizer) -> None:
    for product in vectors.questions(tiny):
        answer = tiny.suggest(product, top=10)
        wanted = by_the_book(tiny, product)
        assert {item.label: item.score for item in answer.suggestions} == wanted
        ranked = sorted(wanted, key=lambda label: (-wanted[label], tiny.labels.index(label)))
        assert [item.label for item in answer.suggestions] == ranked


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.text(max_size=60) | st.sampled_from(vectors.HARD_TEXTS),
                "description": st.none() | st.text(max_size=200),
                "width_mm": st.none() | st.integers(-(10**9), 10**9),
            }
        ),
        max_size=12,
    )
)
def test_a_batch_answers_as_single_questions_do(products: list[dict[str, object]]) -> None:
    assert MODEL.suggest_many(products) == [MODEL.suggest(product) for product in products]


def test_a_model_too_large_for_a_table_gives_the_same_integers(
    tiny: Categorizer, tiny_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("categorizer.model._LARGEST_TABLE", 0)
    large = load(tiny_bytes, sha256=tiny.sha256)
    assert large._table is None
    assert tiny._table is not None
    asked = vectors.questions(tiny)
    assert large.suggest_many(asked) == tiny.suggest_many(asked)


def test_large_batches_are_the_same_as_small_ones(tiny: Categorizer) -> None:
    products = [
        {"name": f"drill {index} " * (index % 90), "description": "hammer " * (index % 7)}
        for index in range(700)
    ]
    assert tiny.suggest_many(products)[::50] == [
        tiny.suggest(product) for product in products[::50]
    ]


def test_threads_share_a_model(tiny: Categorizer) -> None:
    products = [{"name": f"drill {index} hammer {index % 13}"} for index in range(300)]
    wanted = tiny.suggest_many(products)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tiny.suggest, products)) == wanted


def test_an_unknown_text_matches_nothing_and_says_so(tiny: Categorizer) -> None:
    assert tiny.suggest({"name": "ξψζ", "width_mm": 120}).matched == 0
    assert tiny.suggest({}).matched == 0
    assert tiny.suggest({"name": "drill"}).matched > 0


def test_confidence_adds_up_to_at_most_a_million(tiny: Categorizer) -> None:
    for product in vectors.questions(tiny):
        confidences = [item.confidence_ppm for item in tiny.suggest(product, top=10).suggestions]
        assert 1_000_000 - 2 * len(confidences) < sum(confidences) <= 1_000_000
        assert confidences == sorted(confidences, reverse=True)


def test_confidence_is_a_softmax() -> None:
    scores = np.array([[0, 1 << 39, -(1 << 39)], [5 << 39, 0, -(60 << 39)]], np.int64)
    found = confidences_ppm(scores, 512, 30_000)
    for row, wanted in zip(found.tolist(), [[0, 1, -1], [5, 0, -60]], strict=True):
        exps = [math.exp(2 * (value - max(wanted))) for value in wanted]
        for ppm, weight in zip(row, exps, strict=True):
            wanted_ppm = 970_000 * weight / sum(exps) + 10_000
            assert abs(ppm - wanted_ppm) < 1e6 / 128


def test_equal_scores_keep_the_order_of_the_labels(tiny: Categorizer) -> None:
    answer = tiny.suggest({}, top=10)
    scores = [item.score for item in answer.suggestions]
    assert scores == sorted(scores, reverse=True)


def test_top_limits_the_answer(tiny: Categorizer) -> None:
    assert len(tiny.suggest({"name": "drill"}, top=2).suggestions) == 2
    assert tiny.suggest_many([]) == []


def test_a_product_that_cannot_be_read_is_refused(tiny: Categorizer) -> None:
    with pytest.raises(BadProduct, match="width_mm"):
        tiny.suggest({"name": "drill", "width_mm": "wide"})


def test_remembered_words_stay_bounded(tiny: Categorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("categorizer.model._REMEMBERED_WORDS", 50)
    for index in range(300):
        tiny.suggest({"name": f"word{index} {'long' * 100}{index}"})
    assert len(tiny._remembered[0]) <= 50
    assert all(len(word) <= 64 for word in tiny._remembered[0])


def _load_once() -> Categorizer:
    import hashlib

    data = vectors.tiny_model()
    return load(data, sha256=hashlib.sha256(data).hexdigest())


MODEL = _load_once()
