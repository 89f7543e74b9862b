from __future__ import annotations

from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from categorizer import features
from categorizer.features import BadProduct, FeatureSpec, blocks, number_features, read_number
from categorizer.text import fold_table

SPEC = FeatureSpec(("name", "description"), ("width",), 2, 3)


def test_a_product_becomes_blocks_of_named_features() -> None:
    found = blocks({"name": "Drill 12V", "description": "ab"}, SPEC, fold_table())
    assert found[0] == ["w0 drill", "w0 12v", "z0 00v", "b0 drill 12v"]
    assert found[1][:6] == ["c0 <d", "c0 dr", "c0 ri", "c0 il", "c0 ll", "c0 l>"]
    assert found[2] == ["w1 ab"]
    assert found[3] == ["c1 <a", "c1 ab", "c1 b>", "c1 <ab", "c1 ab>"]
    assert found[4] == ["n0 -"]


def test_the_same_word_in_two_fields_is_two_features() -> None:
    assert features.key("w0 drill") != features.key("w1 drill")
    assert features.key("w0 größe") == crc32("w0 größe".encode())


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, ["n3 -"]),
        (0.0, ["n3 0"]),
        (-0.0, ["n3 0"]),
        (1.0, ["n3 f40", "n3 h20", "n3 o10", "n3 p10"]),
        (-1.0, ["n3 f-40", "n3 h-20", "n3 o-10", "n3 p-10"]),
        (1e300, ["n3 f211", "n3 h105", "n3 o52", "n3 p53"]),
    ],
)
def test_a_number_becomes_buckets(value: float | None, names: list[str]) -> None:
    assert number_features(3, value) == names


@given(st.integers(min_value=1, max_value=2**53 - 1))
def test_a_bucket_holds_what_its_definition_says(units: int) -> None:
    quarter = int(number_features(0, units / 1024)[0].removeprefix("n0 f"))
    assert 2**quarter <= units**4 < 2 ** (quarter + 1)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("51.0", 51.0),
        (" +1.5e3\t", 1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("", None),
        ("  ", None),
        (7, 7.0),
        (Decimal("12.90"), 12.9),
    ],
)
def test_a_number_is_read_by_one_grammar(written: object, read: float | None) -> None:
    assert read_number({"width": written}, "width") == read


@pytest.mark.parametrize(
    "written",
    [
        "1,5",
        "1_000",
        "0x10",
        "nan",
        "inf",
        "١٢",
        "1 2",
        "--1",
        "1e",
        "1e999",
        True,
        [],
        float("nan"),
        10**400,
    ],
)
def test_what_is_no_finite_number_is_refused_with_its_field(written: object) -> None:
    with pytest.raises(BadProduct, match="width"):
        read_number({"width": written}, "width")


def test_a_text_field_must_be_text() -> None:
    with pytest.raises(BadProduct, match="name: must be text"):
        blocks({"name": 5}, SPEC, fold_table())


@pytest.mark.parametrize(
    "wrong",
    [
        dict(text_fields=(), number_fields=()),
        dict(text_fields=("a", "a"), number_fields=()),
        dict(text_fields=("a",), number_fields=("a",)),
        dict(text_fields=tuple("abcdefg"), number_fields=()),
        dict(text_fields=("a",), number_fields=(), chars_from=3, chars_to=2),
        dict(text_fields=("a",), number_fields=(), chars_from=0, chars_to=2),
    ],
)
def test_an_impossible_set_of_fields_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        FeatureSpec(**wrong)  # type: ignore[arg-type]  # that is the point
