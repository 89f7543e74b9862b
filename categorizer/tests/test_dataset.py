from __future__ import annotations

import hashlib

import pytest

from categorizer.dataset import BadDataset, Dataset, grouped_split, look_alikes, parse_csv

GOOD = 'name,note,width,kind,part\nDrill,"12V, blue",1.5,Tools,train\nTea,,,Food,test\n'


def parse(text: str | bytes) -> Dataset:
    data = text if isinstance(text, bytes) else text.encode()
    return parse_csv(data, text=["name", "note"], number=["width"], label="kind", split="part")


def test_a_file_becomes_products_labels_and_parts() -> None:
    dataset = parse(GOOD)
    assert dataset.products == (
        {"name": "Drill", "note": "12V, blue", "width": 1.5},
        {"name": "Tea", "note": "", "width": None},
    )
    assert dataset.labels == ("Tools", "Food")
    assert (dataset.rows(test=False), dataset.rows(test=True)) == ([0], [1])
    assert dataset.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


def test_a_byte_order_mark_and_blank_lines_are_tolerated() -> None:
    assert parse(b"\xef\xbb\xbf" + GOOD.replace("\nTea", "\n\nTea").encode()).labels == (
        "Tools",
        "Food",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name,note,width,part\n", "line 1: there is no column 'kind'"),
        (GOOD + "x,y,wide,Tools,train\n", "line 4: width: must be a number, not 'wide'"),
        (GOOD + "x,y,1,,train\n", "line 4: kind is empty"),
        (GOOD + "x,y,1,Tools,maybe\n", "line 4: part must be train or test, not 'maybe'"),
        (GOOD + "x,y\n", "line 4: 2 cells, the header has 5"),
        (GOOD + '"x\n', "line 4: unexpected end of data"),
        ("name,note,width,kind,part\n", "there is no row below the header"),
        ("", "line 1: there is no column 'name'"),
        (b"name\xff", "byte 4 is not UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_line(text: str | bytes, fault: str) -> None:
    with pytest.raises(BadDataset) as caught:
        parse(text)
    assert fault in caught.value.errors


def test_many_faults_are_counted_not_listed() -> None:
    with pytest.raises(BadDataset) as caught:
        parse(GOOD + "x,y,1,,train\n" * 50)
    assert len(caught.value.errors) == 21
    assert caught.value.errors[-1] == "and 30 more"


def test_look_alikes_share_a_leader_and_others_do_not() -> None:
    texts = [
        "apple iphone 8 plus 64gb silver",
        "Apple iPhone 8 Plus 64GB silver!",
        "silver apple iphone 8 plus 64gb new",
        "bosch cordless drill 18v blue",
        "",
        "",
    ]
    assert look_alikes(texts) == [0, 0, 0, 3, 4, 5]


def test_a_grouped_split_keeps_look_alikes_together_and_takes_about_a_fifth() -> None:
    texts = [
        f"thing{group} made of part{group} and p{group} x{copy}"
        for group in range(500)
        for copy in range(3)
    ]
    leaders = look_alikes(texts)
    test = grouped_split(texts)
    sides: dict[int, set[bool]] = {}
    for leader, side in zip(leaders, test, strict=True):
        sides.setdefault(leader, set()).add(side)
    assert all(len(side) == 1 for side in sides.values())
    assert 0.14 < sum(test) / len(test) < 0.26
