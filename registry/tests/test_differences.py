"""Of two datasets, model files, locks or cards, the first difference is named."""

import json
from pathlib import Path

import pytest

from tools.differences import Difference, first_offset, in_bytes, in_lock, in_rows

TABLE = b'sku,name,weight_g\nA-1,Hammer,500\nA-2,Saw,300\nA-3,"Nail, long",4\n'
LOCK = """schema: '2.0'
stages:
  prepare:
    cmd: python -m prepare
    deps:
    - path: raw.csv
      hash: md5
      md5: aaa
      size: 10
    params:
      params.yaml:
        prepare:
          size: 5
    outs:
    - path: prepared.csv
      hash: md5
      md5: bbb
      size: 9
  train:
    cmd: python -m train
    deps:
    - path: prepared.csv
      hash: md5
      md5: bbb
      size: 9
    outs:
    - path: model.bin
      hash: md5
      md5: ccc
      size: 8
"""


def rows(brought: bytes) -> Difference:
    found = in_rows(TABLE, brought, path="given.csv")
    assert found is not None
    return found


def test_an_equal_dataset_has_no_difference() -> None:
    assert in_rows(TABLE, TABLE, path="given.csv") is None


@pytest.mark.parametrize(
    ("before", "after", "row", "sku", "what"),
    [
        (b"Saw", b"Saws", 2, "A-2", "was changed: name is 'Saws', recorded was 'Saw'"),
        (b"Nail, long", b"Pin", 3, "A-3", "was changed: name is 'Pin', recorded was 'Nail, long'"),
        (b"A-2,Saw,300\n", b"", 2, "A-2", "is left out"),
        (b'A-3,"Nail, long",4\n', b"", 3, "A-3", "is left out"),
        (b"A-2,", b"A-9,Axe,1\nA-2,", 2, "A-9", "was added"),
        (b"long\",4\n", b"long\",4\nA-4,Nut,1\n", 4, "A-4", "was added"),
        (b",Saw,300", b",Saw", 2, "A-2", "was changed: weight_g is '', recorded was '300'"),
        (b"A-2,Saw,300\n", b"A-2,Saw,300,7\n", 2, "A-2", "was changed: a cell too many is '7'"),
        (b"A-1,Hammer,500\nA-2,Saw,300\n", b"A-2,Saw,300\nA-1,Hammer,500\n", 1, "A-1",
         "is elsewhere; here stands SKU A-2"),
    ],
)  # fmt: skip
def test_the_first_row_that_differs_is_named_with_its_sku(
    before: bytes, after: bytes, row: int, sku: str, what: str
) -> None:
    assert TABLE.count(before) == 1
    found = rows(TABLE.replace(before, after))
    assert (found.row, found.sku) == (row, sku)
    assert f"given.csv: row {row} (SKU {sku}) {what}" in found.sentence


def test_all_rows_that_differ_are_counted() -> None:
    found = rows(b"sku,name,weight_g\nA-1,Mallet,500\nA-3,Nail,4\nA-7,Nut,2\nA-8,Bolt,3\n")
    assert found.sentence.endswith("Of 3 recorded rows: 2 changed, 1 left out, 2 added.")


def test_the_same_rows_in_another_spelling_are_told_from_other_rows() -> None:
    found = rows(TABLE.replace(b"\n", b"\r\n"))
    assert "has the recorded rows, but spells them in another way" in found.sentence
    assert found.offset == TABLE.index(b"\n")


def test_other_columns_are_named() -> None:
    found = rows(TABLE.replace(b"weight_g", b"price"))
    assert "has the columns sku,name,price, recorded were sku,name,weight_g" in found.sentence


@pytest.mark.parametrize("brought", [b"", b"\xff\xfe", b'sku,name\n"open\n', TABLE[:-5]])
def test_what_is_no_table_any_more_still_differs(brought: bytes) -> None:
    assert rows(brought).offset is not None


def container(bias: bytes = b"abcdefgh" * 2, keys: bytes = b"1234" * 3, **origin: object) -> bytes:
    metadata = json.dumps({"labels": ["a", "b"], "origin": origin})
    header = {
        "__metadata__": {"shelfmark": metadata},
        "bias": {"data_offsets": [0, 16], "dtype": "I64", "shape": [2]},
        "keys": {"data_offsets": [16, 16 + len(keys)], "dtype": "U32", "shape": [len(keys) // 4]},
    }
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + bias + keys


def test_a_difference_in_a_tensor_is_named_with_its_entry() -> None:
    found = in_bytes(container(), container(bias=b"abcdefghabcdefgX"), path="m")
    assert found.part == "tensor bias, entry 1"
    found = in_bytes(container(), container(keys=b"123412341X34"), path="m")
    assert found.part == "tensor keys, entry 2"
    assert found.offset == len(container()) - 3
    assert (
        found.sentence
        == f"m differs first at byte {found.offset}: 0x58, recorded was 0x32, in {found.part}."
    )


def test_a_difference_in_the_metadata_is_named_with_its_key() -> None:
    found = in_bytes(container(seed=1), container(seed=2), path="m")
    assert found.part == "the metadata, key shelfmark: origin.seed"
    found = in_bytes(container(), container(keys=b"1234" * 4), path="m")
    assert found.part == "the header, key keys.data_offsets[1]"


@pytest.mark.parametrize("size", [0, 7, 8, 30, -1, -13])
def test_a_file_that_was_cut_off_is_called_that(size: int) -> None:
    whole = container()
    found = in_bytes(whole, whole[:size], path="m")
    assert found.offset == len(whole[:size])
    assert f"m is cut off: {len(whole[:size])} bytes, recorded were {len(whole)}" in found.sentence


def test_a_file_that_goes_on_is_called_that() -> None:
    found = in_bytes(container(), container() + b"x", path="m")
    assert "goes on after its recorded end" in found.sentence
    assert found.part == "what follows the last tensor"


def test_a_difference_in_json_is_named_with_its_key() -> None:
    one, other = {"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}
    found = in_bytes(json.dumps(one).encode(), json.dumps(other).encode(), path="card.json")
    assert found.part == "the key a[1].b"


@pytest.mark.parametrize("at", [0, 1, 499, 999])
def test_the_offset_is_that_of_the_first_byte(at: int) -> None:
    one = bytes(1000)
    assert first_offset(one, one[:at] + b"x" * (1000 - at)) == at


def test_equal_locks_have_no_difference() -> None:
    assert in_lock(LOCK, LOCK) is None


@pytest.mark.parametrize(
    ("before", "after", "stage", "path"),
    [
        ("md5: aaa", "md5: ddd", "prepare", "raw.csv"),
        ("md5: bbb", "md5: ddd", "prepare", "prepared.csv"),
        ("md5: ccc", "md5: ddd", "train", "model.bin"),
        ("size: 8", "size: 7", "train", "model.bin"),
        ("- path: model.bin", "- path: other.bin", "train", "model.bin"),
    ],
)
def test_the_first_stage_and_file_that_differ_are_named(
    before: str, after: str, stage: str, path: str
) -> None:
    found = in_lock(LOCK, LOCK.replace(before, after))
    assert found is not None
    assert (found.stage, found.path) == (stage, path)
    assert f"Stage {stage} " in found.sentence


def test_a_lock_that_differs_in_parameters_is_named_with_its_line() -> None:
    found = in_lock(LOCK, LOCK.replace("size: 5", "size: 6"))
    assert found is not None
    assert found.sentence == "dvc.lock differs first in line 13: 'size: 6', recorded was 'size: 5'."


def test_the_real_lock_is_read_whole() -> None:
    root = Path(__file__).resolve().parents[2]
    lock = (root / "dvc.lock").read_text()
    for line in lock.splitlines():
        if "md5: " in line:
            found = in_lock(lock, lock.replace(line, line[:-1] + "x", 1))
            assert found is not None and found.stage
