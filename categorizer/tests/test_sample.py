"""The sample dataset: made here, the same bytes for ever, and believable."""

from collections import Counter
from pathlib import Path

import pytest

from categorizer.stages.prepare import check, is_gtin
from data import make_sample

RAW = Path(make_sample.HERE) / "raw" / "products.csv"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return check(RAW.read_bytes())


@pytest.fixture(scope="module")
def made() -> list[dict[str, str]]:
    return make_sample.rows()


def test_making_it_again_gives_the_committed_bytes(made: list[dict[str, str]]) -> None:
    assert make_sample.as_csv(made) == RAW.read_bytes()


def test_it_is_as_large_as_a_small_warehouse(rows: list[dict[str, str]]) -> None:
    per_category = Counter(row["category"] for row in rows)
    assert len(rows) >= 6_500
    assert len(per_category) >= 45
    assert min(per_category.values()) >= 50
    assert {path.count(" > ") for path in per_category} == {1, 2}


def test_gtins_are_unique_and_from_ranges_for_internal_use(rows: list[dict[str, str]]) -> None:
    gtins = [row["gtin"] for row in rows if row["gtin"]]
    assert len({int(gtin) for gtin in gtins}) == len(gtins)
    assert {len(gtin) for gtin in gtins} == {8, 12, 13, 14}
    assert all(gtin.startswith("12" if len(gtin) == 14 else "2") for gtin in gtins)


def test_its_check_digits_are_those_of_gs1() -> None:
    # The example of the GS1 General Specifications, and a GTIN-8.
    assert make_sample.check_digit("629104150021") == "3"
    assert make_sample.check_digit("9638507") == "4"
    assert is_gtin("6291041500213") and is_gtin("96385074")
    assert not is_gtin("6291041500231")


def test_it_has_the_gaps_and_languages_of_a_real_catalogue(rows: list[dict[str, str]]) -> None:
    def share(count: int) -> float:
        return count / len(rows)

    languages = Counter(row["language"] for row in rows)
    assert set(languages) == {"en", "de", "fr", "es"}
    assert 0.20 < 1 - share(languages["en"]) < 0.30
    assert 0.20 < share(sum(not row["description"] for row in rows)) < 0.30
    assert 0.15 < share(sum(not row["width_mm"] for row in rows)) < 0.25
    assert 0.03 < share(sum(len(row["name"]) <= 10 for row in rows)) < 0.08


def test_one_to_two_percent_of_the_labels_are_wrong_and_can_be_listed(
    made: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [row["sku"] for row in made if row["category"] != row["truth"]]
    assert 0.01 < len(wrong) / len(made) < 0.02
    make_sample.main(["--wrong"])
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == wrong
