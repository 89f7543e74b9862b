from __future__ import annotations

import pytest

from categorizer import vectors
from categorizer.explain import explain
from categorizer.model import Categorizer


def test_contributions_and_bias_add_up_to_the_score_for_every_label(tiny: Categorizer) -> None:
    for product in vectors.questions(tiny):
        for suggestion in tiny.suggest(product, top=10).suggestions:
            found = explain(tiny, product, label=suggestion.label)
            total = found.bias + sum(item.amount for item in found.contributions)
            assert total == found.score == suggestion.score


def test_what_spoke_for_a_label_is_named_largest_first(tiny: Categorizer) -> None:
    found = explain(tiny, {"name": "cordless drill", "width_mm": 120})
    assert found.label == "Tools > Drills"
    assert ("name", "word", "drill") in {(c.field, c.kind, c.text) for c in found.contributions}
    sizes = [abs(item.amount) for item in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert {"width_mm"} == {c.field for c in found.contributions if c.kind == "number"}


def test_an_unknown_label_is_refused(tiny: Categorizer) -> None:
    with pytest.raises(ValueError, match="no label"):
        explain(tiny, {"name": "drill"}, label="Boats")
