from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from categorizer import arithmetic
from categorizer.canonical import canonical_json


@given(st.lists(st.integers(min_value=0, max_value=2**62 - 1), min_size=1, max_size=50))
def test_the_square_root_is_exact(numbers: list[int]) -> None:
    roots = arithmetic.sqrt_floor(np.array(numbers, np.int64))
    assert roots.tolist() == [math.isqrt(number) for number in numbers]


def test_the_square_root_is_exact_beside_every_kind_of_square() -> None:
    squares = [root * root for root in (*range(1, 2000), 2**26, 94_906_265, 2**31 - 1)]
    near = np.array([square + step for square in squares for step in (-1, 0, 1)], np.int64)
    assert arithmetic.sqrt_floor(near).tolist() == [math.isqrt(number) for number in near.tolist()]


def test_the_exponential_table_is_correctly_rounded() -> None:
    table = arithmetic.exp_table()
    assert (len(table), int(table[0]), int(table[-1])) == (4097, 2**30, 0)
    with localcontext() as context:
        context.prec = 60
        for index in (1, 255, 256, 1000, 4095):
            exact = Decimal(2**30) * (Decimal(-index) / 256).exp()
            assert abs(Decimal(int(table[index])) - exact) <= Decimal("0.5")


def test_logarithms_are_close_and_whole() -> None:
    for number in (1, 2, 3, 10, 63, 12_345):
        assert abs(arithmetic.ln_1024(number) - 1024 * math.log(number)) <= 0.500001
    numbers = [1, 2, 3, 1000, 2**30, 2**30 + 1, 2**53 - 1]
    for number, found in zip(numbers, arithmetic.ln_fixed(np.array(numbers)).tolist(), strict=True):
        assert abs(found / 2**20 - math.log(number)) < 1 / 2000


def test_a_unit_vector_has_length_one_within_rounding() -> None:
    vector = arithmetic.unit(np.array([1024, 5000, 333, 90_000], np.int64))
    assert abs(math.sqrt(float((vector * vector).sum())) - arithmetic.ONE) < 2


def test_canonical_json_has_one_form_and_refuses_what_has_none() -> None:
    assert (
        canonical_json({"b": 1, "a": [True, None, "é\n"]})
        == '{"a":[true,null,"é\\n"],"b":1}'.encode()
    )
    # RFC 8785 sorts by UTF-16 code units: U+1F600 (D83D …) comes before U+FB33.
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()
    for refused in (1.5, {1: 2}, {1, 2}, b"x"):
        with pytest.raises(TypeError):
            canonical_json(refused)
    for no_form in (2**53, "\ud800"):
        with pytest.raises(ValueError, match=r"."):
            canonical_json(no_form)


def test_canonical_json_equals_the_reference_implementation() -> None:
    rfc8785 = pytest.importorskip("rfc8785", reason="rfc8785 is in requirements-dev.txt")
    for value in (
        {"\u20ac": "Euro", "\r": 1, "\ufb33": 2, "1": 3, "\x80": 4, "ö": 5, "\U0001f600": 6},
        ['\x00\x1f\x7f"\\/', -(2**53) + 1, {"": {}}, []],
    ):
        assert canonical_json(value) == rfc8785.dumps(value)
