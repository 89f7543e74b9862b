from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from categorizer import make_fold, text
from categorizer.text import BadFoldTable, fold, fold_table, parse_fold_table, words

TABLE = fold_table()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Cordless Drill 18V", ["cordless", "drill", "18v"]),
        ("0,5 kg 0.5 kg", ["0.5", "kg", "0.5", "kg"]),
        ("3/4 ¾ 3¾", ["3/4", "3/4", "3", "3/4"]),
        ("and/or 5. .5 1..2 1/", ["and", "or", "5", "5", "1", "2", "1"]),
        ("M8×40 M8x40", ["m8x40", "m8x40"]),
        ("Straße STRASSE ẞ", ["strasse", "strasse", "ss"]),
        ("İstanbul ısı", ["istanbul", "isi"]),
        ("cafe\u0301 café ＣＡＦＥ", ["cafe", "cafe", "cafe"]),
        ("ø æ Łódź þ", ["o", "ae", "lodz", "th"]),
        ("LEGO® Duplo™x", ["lego", "duplo", "x"]),
        ("ｶﾞ ガ カ", ["カ", "カ", "カ"]),
        ("東京", ["東", "京"]),
        ("a\u200bb\u00adc\ufe0f", ["abc"]),
        ("5㎏ 10㎡ №3", ["5kg", "10m2", "no3"]),
        ("\x00a\ud800b\udfff", ["a", "b"]),
        ("\ue000\U0010ffff", []),
        ("", []),
    ],
)
def test_a_field_becomes_words(written: str, read: list[str]) -> None:
    assert words(written, TABLE) == read


def test_folding_a_folded_text_changes_nothing_for_any_code_point_in_any_place() -> None:
    changed = []
    for code_point in range(sys.maxunicode + 1):
        for around in ("{}", "a{}1", "3{}4"):
            once = fold(around.format(chr(code_point)), TABLE)
            if fold(once, TABLE) != once:
                changed.append(hex(code_point))
    assert changed == []


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=300))
def test_folding_twice_is_folding_once_for_any_text(anything: str) -> None:
    once = fold(anything, TABLE)
    assert fold(once, TABLE) == once


def test_length_is_capped_before_and_after_folding() -> None:
    assert words("x" * 2_000 + "y", TABLE) == ["x" * 2_000]
    expanding = "\ufdfa"  # eighteen code points when folded
    folded = fold(expanding * 2_000, TABLE)
    assert len(folded) <= text.MAX_FOLDED
    assert fold(expanding * 2_000 + "end", TABLE) == folded


def test_case_and_compatibility_forms_fold_to_the_same_words() -> None:
    for code_point in range(sys.maxunicode + 1):
        letter = chr(code_point)
        if unicodedata.category(letter) != "Lu" or unicodedata.decomposition(letter):
            continue
        if len(letter.lower()) == 1 and letter.lower().upper() == letter:
            assert fold(letter, TABLE) == fold(letter.lower(), TABLE), hex(code_point)


def test_the_committed_table_is_what_its_unicode_version_gives() -> None:
    if unicodedata.unidata_version != make_fold.UNICODE:
        pytest.skip(
            f"The table is Unicode {make_fold.UNICODE}; this Python has "
            f"{unicodedata.unidata_version}, so it cannot be built again here."
        )
    assert make_fold.encode(make_fold.build()) == text.fold_table_bytes()


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"[]",
        b"{}",
        b'{"spec":"text/2","classes":[[0,"W"]],"runs":[],"multi":[]}',
        b'{"spec":"text/1","classes":[],"runs":[],"multi":[]}',
        b'{"spec":"text/1","classes":[[1,"W"]],"runs":[],"multi":[]}',
        b'{"spec":"text/1","classes":[[0,"W"],[0,"S"]],"runs":[],"multi":[]}',
        b'{"spec":"text/1","classes":[[0,"W"]],"runs":[[1,1,1,-2]],"multi":[]}',
    ],
)
def test_a_damaged_table_is_refused(damaged: bytes) -> None:
    with pytest.raises(BadFoldTable):
        parse_fold_table(damaged)
