"""Catalogues of all sorts become products in our own field names."""

import csv
from pathlib import Path

import pytest

from benchmarks import catalogues


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_centimetres_become_millimetres_and_gaps_stay_gaps(tmp_path: Path) -> None:
    path = write(
        tmp_path / "ikea.csv",
        "sku,name,description,designer,price,width,height,depth,category,split\n"
        '1,FREKVENS,"Bar table, 51x51 cm",N. W. Hansen,265.0,51.5,99.0,,Bar furniture,test\n',
    )
    (row,) = catalogues.read(path).rows
    assert row.product == {
        "name": "FREKVENS",
        "description": "Bar table, 51x51 cm",
        "width_mm": 515,
        "height_mm": 990,
    }
    assert (row.category, row.split) == ("Bar furniture", "test")


def test_columns_that_give_the_answer_away_are_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path / "pricerunner.csv",
        "sku,name,vendor,product_cluster,category,split\n1,apple iphone 8,7,1,Phones,train\n",
    )
    catalogue = catalogues.read(path)
    assert catalogue.fields == ("name",)
    assert catalogue.rows[0].product == {"name": "apple iphone 8"}


def test_an_unknown_catalogue_uses_our_own_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "other.csv",
        "sku,name,brand,weight_g,colour,category,split\n1,Hammer,Blattwerk,500,red,Tools,train\n",
    )
    catalogue = catalogues.read(path)
    assert catalogue.text_fields == ("name", "brand")
    assert catalogue.number_fields == ("weight_g",)
    assert catalogue.rows[0].product == {"name": "Hammer", "brand": "Blattwerk", "weight_g": 500}


def test_the_import_file_holds_one_side_only(tmp_path: Path) -> None:
    path = write(
        tmp_path / "other.csv", "sku,name,category,split\n1,A,x,train\n2,B,y,test\n3,C,x,train\n"
    )
    catalogue = catalogues.read(path)
    catalogue.write_products(tmp_path / "products.csv", side="train")
    with (tmp_path / "products.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows == [
        {"sku": "1", "name": "A", "category": "x"},
        {"sku": "3", "name": "C", "category": "x"},
    ]


def test_a_missing_folder_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFMARK_CATALOGUES", str(tmp_path))
    with pytest.raises(catalogues.NoCatalogues, match="SHELFMARK_CATALOGUES"):
        catalogues.folder()
