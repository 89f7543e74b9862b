"""Slices of real catalogues, when they are at hand (see benchmarks/README.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from categorizer import release
from categorizer.dataset import parts, read_csv

FOLDER = Path(os.environ.get("SHELFMARK_CATALOGUES", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("ikea", ["name", "description"], ["width", "height", "depth"]),
        ("lego_parts", ["name"], []),
        ("pricerunner", ["name"], []),
    ],
)
def test_a_slice_of_a_real_catalogue_is_learnt_about_as_well_as_by_linear_svc(
    name: str, text: Sequence[str], number: Sequence[str]
) -> None:
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"There is no {path.name} in the folder of real catalogues.")
    whole = read_csv(path, text=text, number=number, label="category", split="split")
    chosen = [
        row
        for row, part in enumerate(parts([str(row) for row in range(len(whole))], 10))
        if part < 2
    ]
    if len(whole) > 5000:
        whole = replace(
            whole,
            products=tuple(whole.products[row] for row in chosen),
            labels=tuple(whole.labels[row] for row in chosen),
            is_test=tuple(whole.is_test[row] for row in chosen),
        )
    metrics = release.judge(release.build(whole), whole, compare=["linear_svc"])
    ours, theirs = metrics["model"], metrics["linear_svc"]
    assert isinstance(ours, dict)
    assert isinstance(theirs, dict)
    # A test slice has 680 to 1,900 rows: two points are three standard errors.
    assert ours["accuracy"] > theirs["accuracy"] - 0.02
    assert ours["macro_f1"] > theirs["macro_f1"] - 0.03
    assert ours["ece"] < 0.05
