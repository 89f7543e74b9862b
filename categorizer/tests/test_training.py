from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from categorizer import training, vectors
from categorizer.artifact import encode
from categorizer.model import load
from categorizer.training import Options, train

COLOURS = ("red", "blue", "green", "black", "white", "grey", "yellow")
HEADS = {"Drills": "drill", "Hammers": "hammer", "Saws": "saw", "Tea": "tea"}
PRODUCTS = [
    {"name": f"{colour} {head} {number}"}
    for head in HEADS.values()
    for colour in COLOURS
    for number in range(5)
]
LABELS = [label for label in HEADS for _ in range(len(COLOURS) * 5)]


def test_training_twice_gives_the_same_bytes(tiny_bytes: bytes) -> None:
    assert vectors.tiny_model() == tiny_bytes


def test_every_process_gives_the_same_bytes(tiny_bytes: bytes) -> None:
    command = (
        "import hashlib; from categorizer.vectors import tiny_model;"
        "print(hashlib.sha256(tiny_model()).hexdigest())"
    )
    for seed in ("0", "1", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", command],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed[-1]},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == hashlib.sha256(tiny_bytes).hexdigest()


def test_it_learns_what_the_words_say() -> None:
    trained = train(PRODUCTS, LABELS, text_fields=["name"])
    data = encode(trained.model)
    model = load(data, sha256=hashlib.sha256(data).hexdigest())
    for label, head in HEADS.items():
        assert model.suggest({"name": f"violet {head} 99"}).suggestions[0].label == label


def test_another_row_gives_another_model() -> None:
    first = train(PRODUCTS, LABELS, text_fields=["name"])
    changed = [{"name": "mauve drill 0"}, *PRODUCTS[1:]]
    second = train(changed, LABELS, text_fields=["name"])
    assert encode(first.model) != encode(second.model)


def test_pruning_keeps_exactly_the_budget() -> None:
    whole = train(PRODUCTS, LABELS, text_fields=["name"]).model
    for budget in (1, 50, len(whole.weights) // 2):
        pruned = train(PRODUCTS, LABELS, text_fields=["name"], options=Options(max_weights=budget))
        # Cutting to eight bits may turn a kept weight into nothing, never add one.
        assert budget // 2 <= len(pruned.model.weights) <= budget


def test_folds_follow_the_way_the_file_is_split() -> None:
    names = [f"a{group} b{group} c{group} d{group} e{group}" for group in range(200)]
    texts = [f"{name}{end}" for name in names for end in ("", " x")]
    groups_apart = [(index // 2) % 5 == 0 for index in range(400)]
    rows_apart = [index % 10 == 0 for index in range(400)]
    how, fold_of = training.folds(texts, is_test=groups_apart, options=Options())
    assert how == "group"
    assert all(fold_of[index] == fold_of[index + 1] for index in range(0, len(fold_of), 2))
    assert training.folds(texts, is_test=rows_apart, options=Options())[0] == "row"
    assert training.folds(texts, is_test=[False] * 400, options=Options())[0] == "group"


def test_held_out_scores_come_from_models_that_never_saw_the_row() -> None:
    # A word that only one row has can lead nowhere when that row is held out.
    products = [*PRODUCTS, {"name": "zebra"}]
    labels = [*LABELS, "Tea"]
    fold_of = [index % 5 for index in range(len(labels))]
    trained = train(
        products, labels, text_fields=["name"], fold_of=fold_of, options=Options(min_rows=1)
    )
    others = [index for index in range(len(labels)) if fold_of[index] != fold_of[-1]]
    without = train(
        [products[index] for index in others],
        [labels[index] for index in others],
        text_fields=["name"],
        options=Options(min_rows=1),
    )
    data = encode(without.model)
    model = load(data, sha256=hashlib.sha256(data).hexdigest())
    assert trained.held_out_scores[-1].tolist() == model.scores([products[-1]])[0][0].tolist()


def test_one_label_is_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="two different labels"):
        train(PRODUCTS[:5], ["Drills"] * 5, text_fields=["name"])


@pytest.mark.parametrize("c", ["0.001", "65", "0"])
def test_a_c_out_of_range_is_refused(c: str) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        train(PRODUCTS, LABELS, text_fields=["name"], options=Options(c=c))


def test_progress_is_reported_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    train(
        PRODUCTS,
        LABELS,
        text_fields=["name"],
        report=lambda done, total: seen.append((done, total)),
    )
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))
