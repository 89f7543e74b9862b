import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from inventory import actions, csv_import
from inventory.management.commands import import_products
from inventory.models import Category, Product, Taxonomy
from ledger.models import Entry
from lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Import this text and return what was printed: (result, faults)."""

    def run(text: str | bytes, *options: str, faults: int = 0) -> tuple[str, list[str]]:
        file = tmp_path / "products.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if faults:
            with pytest.raises(CommandError, match=f"^{faults} rows were left out"):
                call_command("import_products", str(file), *options)
        else:
            call_command("import_products", str(file), *options)
        printed = capsys.readouterr()
        return printed.out.strip(), printed.err.splitlines()

    return run


def test_columns_with_our_names_need_no_map(run: Any) -> None:
    out, _ = run(
        "sku,gtin,name,description,brand,width_mm,height_mm,depth_mm,weight_g,price,category,more\n"
        'A-1,4006381333931,Drill,"With, comma",Nordwerk,210,240,85,1900,129.9,Tools > Drills,x\n'
    )
    assert out == "1 created, 0 updated, 0 unchanged, 0 left out."
    product = Product.objects.select_related("category").get()
    stored = {name: getattr(product, name) for name in csv_import.FIELDS if name != "category"}
    assert {name: str(value) for name, value in stored.items()} == {
        "sku": "A-1",
        "gtin": "4006381333931",
        "name": "Drill",
        "description": "With, comma",
        "brand": "Nordwerk",
        "width_mm": "210",
        "height_mm": "240",
        "depth_mm": "85",
        "weight_g": "1900",
        "price": "129.90",
    }
    assert product.category is not None
    assert product.category.path == "Tools > Drills"
    assert product.category_source == "import"


def test_a_map_says_which_column_and_which_unit(run: Any) -> None:
    run(
        "row_id,title,width,kg\n0,Shelf,51.05,1.2345\n",
        *("--map", "sku=row_id", "--map", "name=title"),
        *("--map", "width_mm=width*10", "--map", "weight_g=kg * 1000"),
        *("--sku-prefix", "ikea-"),
    )
    product = Product.objects.get()
    assert (product.sku, product.name, product.width_mm, product.weight_g) == (
        "ikea-0",
        "Shelf",
        511,  # 510.5 mm, halves upwards
        1235,
    )


def test_an_empty_cell_says_nothing_is_known(run: Any) -> None:
    run("sku,name,width_mm,price,gtin,category\nA,Drill,,,,\n")
    product = Product.objects.get()
    assert (product.width_mm, product.price, product.gtin, product.category) == (None,) * 4


def test_importing_again_changes_nothing(run: Any) -> None:
    text = "sku,name,price,category\nA,Drill,12.9,Tools\nB,Saw,3,Tools\n"
    run(text)
    stored, version = list(Product.objects.values()), Taxonomy.current_version()
    out, _ = run(text)
    assert out == "0 created, 0 updated, 2 unchanged, 0 left out."
    assert list(Product.objects.values()) == stored
    assert Taxonomy.current_version() == version


def test_importing_a_changed_file_updates_what_changed(run: Any) -> None:
    run("sku,name,brand,category\nA,Drill,X,Tools\nB,Saw,Y,Tools\n")
    before = {product.sku: product for product in Product.objects.all()}
    out, _ = run("sku,name,category\nA,Big drill,Drills\nB,Saw,Tools\nC,Axe,\n")
    assert out == "1 created, 1 updated, 1 unchanged, 0 left out."
    a = Product.objects.select_related("category").get(sku="A")
    assert (a.pk, a.version, a.name) == (before["A"].pk, 2, "Big drill")
    assert a.brand == "X"  # the second file has no such column
    assert a.category is not None
    assert a.category.path == "Drills"
    assert a.created_at == before["A"].created_at
    assert Product.objects.get(sku="B").version == 1


def test_a_category_that_a_person_chose_survives_the_next_import(run: Any, rita: User) -> None:
    run("sku,name,category\nA,Drill,Toys\nB,Saw,Tools\n")
    product = Product.objects.get(sku="A")
    actions.categorize(
        product_id=product.pk, category="Tools", source="person", by=rita, now=clock.now()
    )
    run("sku,name,category\nA,Big drill,Toys\nB,Saw,Tools\n")
    product = Product.objects.select_related("category").get(sku="A")
    assert product.name == "Big drill"
    assert product.category is not None
    assert (product.category.path, product.category_source) == ("Tools", "person")


def test_a_row_without_a_category_keeps_the_one_that_is_known(run: Any) -> None:
    run("sku,name,category\nA,Drill,Tools\n")
    run("sku,name,category\nA,Drill,\n")
    assert Product.objects.get().category is not None


def test_a_deleted_product_stays_deleted_and_a_new_one_takes_its_sku(run: Any, admin: User) -> None:
    run("sku,name\nA,Drill\n")
    old = Product.objects.get()
    actions.delete_product(product_id=old.pk, by=admin, now=clock.now())
    out, _ = run("sku,name\nA,Drill\n")
    assert out.startswith("1 created")
    assert Product.objects.get(deleted_at=None).pk != old.pk


def test_every_row_that_does_not_fit_is_named_and_the_others_are_imported(run: Any) -> None:
    out, faults = run(
        "sku,name,width_mm,price,gtin,category\n"  # 1
        "A,Drill,1,,,Tools\n"
        ",No sku,1,,,\n"
        "C,,1,,,\n"
        "D,Thin,0,,,\n"
        "E,Wide,100001,,,\n"
        "F,Odd,1 m,,,\n"
        "G,Not a number,nan,,,\n"
        "H,Debt,1,-3,,\n"
        "I,Typo,1,,4006381333932,\n"
        "J,Deep,1,,,a >  > b\n"
        "K,Few\n"
        "L,Many,1,,,,,,\n"
        "A,Twice,1,,,\n"
        '"M","Two\nlines",1,,,\n'
        "N,After,x,,,\n"
        "\n"
        "O,Fine,1,,,Tools\n",
        faults=13,
    )
    assert out == "3 created, 0 updated, 0 unchanged, 13 left out."
    assert faults == [
        "line 3: sku: This is missing.",
        "line 4: name: This is missing.",
        "line 5: width_mm: 0 is not between 1 and 100000.",
        "line 6: width_mm: 100001 is not between 1 and 100000.",
        "line 7: width_mm: “1 m” is no number; write it like 12.5.",
        "line 8: width_mm: “nan” is no number; write it like 12.5.",
        "line 9: price: -3.00 is no price from 0 to 9999999999.99.",
        "line 10: gtin: The last digit of this GTIN should be 1: look for a typing error.",
        "line 11: category: “a >  > b” is no path: write names with “ > ” between.",
        "line 12: It has 2 values; the first line has 6.",
        "line 13: It has 9 values; the first line has 6.",
        "line 14: sku: “A” is on line 2 too.",
        "line 17: width_mm: “x” is no number; write it like 12.5.",
    ]
    assert list(Product.objects.order_by("sku").values_list("sku", flat=True)) == ["A", "M", "O"]


def test_a_row_that_is_not_utf_8_is_left_out_alone(run: Any) -> None:
    _, faults = run(b"sku,name\nA,Dr\xfcll\nB,Saw\nC,N\0L\n", faults=2)
    assert faults == [
        "line 2: name: This is not UTF-8.",
        "line 4: name: Leave out the NUL character.",
    ]
    assert Product.objects.get().sku == "B"


def test_a_byte_order_mark_and_other_line_ends_are_no_trouble(run: Any) -> None:
    run("\ufeffsku;name\r\nA;Bohrer\r\n", "--delimiter", ";")
    assert Product.objects.get().name == "Bohrer"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", [], "The file is empty"),
        ("sku\nA\n", [], "no column “name”"),
        ("sku,name\n", ["--map", "price=cost"], "no column “cost”"),
        ("sku,name\n", ["--map", "colour=x"], "no field “colour”"),
        ("sku,name\n", ["--map", "name"], "is no map"),
        ("sku,name\n", ["--map", "name=name*10"], "cannot be multiplied"),
        ("sku,name\n", ["--map", "sku=a", "--map", "sku=b"], "mapped twice"),
        ("sku,name,name\n", [], "“name” is there twice"),
        ("sku,name\n", ["--delimiter", ";;"], "single character"),
        ("x," * 600 + "\n", [], "more than 500 columns"),
        ("sku,name\nA," + "x" * 1_000_001, [], "this is no CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    run: Any, text: str, options: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run(text, *options)
    assert not Product.objects.exists()


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match=r"nowhere\.csv cannot be read"):
        call_command("import_products", "nowhere.csv")


def test_a_quote_that_never_ends_is_a_fault_and_no_crash(run: Any) -> None:
    _, faults = run('sku,name\nA,Drill\nB,"Saw\nC,Axe\n', faults=1)
    assert faults[0].startswith("line 3: This is not CSV")
    assert Product.objects.get().sku == "A"


def test_a_dry_run_reports_and_changes_nothing(run: Any) -> None:
    run("sku,name,category\nA,Drill,Tools\n")
    entries = Entry.objects.count()
    out, _ = run("sku,name,category\nA,Big drill,Toys\nB,Saw,Toys\n", "--dry-run")
    assert out == (
        "Nothing was changed. It would be: 1 created, 1 updated, 0 unchanged, 0 left out."
    )
    assert Product.objects.get().name == "Drill"
    assert Category.objects.get().path == "Tools"
    assert Entry.objects.count() == entries


def test_each_thousand_rows_have_one_entry_that_vouches_for_the_file(
    run: Any, tmp_path: Path
) -> None:
    run("sku,name,category\n" + "".join(f"S{i},Thing {i},Things\n" for i in range(2500)))
    entries = [
        json.loads(entry.content())
        for entry in Entry.objects.filter(kind="products.imported").order_by("id")
    ]
    digest = hashlib.sha256((tmp_path / "products.csv").read_bytes()).hexdigest()
    assert {entry["subject"] for entry in entries} == {f"file:{digest}"}
    details = [entry["details"] for entry in entries]
    assert [(d["first_line"], d["last_line"], d["created"]) for d in details] == [
        (2, 1001, 1000),
        (1002, 2001, 1000),
        (2002, 2501, 500),
    ]
    rows = "".join(
        hashlib.sha256(
            f'{{"category":"Things","name":"Thing {i}","sku":"S{i}"}}'.encode()
        ).hexdigest()
        for i in range(1000)
    )
    assert details[0]["rows_sha256"] == hashlib.sha256(bytes.fromhex(rows)).hexdigest()


def test_new_categories_raise_the_taxonomy_version_once_a_chunk(run: Any) -> None:
    run("sku,name,category\nA,a,X > Y > Z\nB,b,X > W\nC,c,V\n")
    assert Taxonomy.current_version() == 1
    assert set(Category.objects.values_list("path", flat=True)) == {
        "X",
        "X > Y",
        "X > Y > Z",
        "X > W",
        "V",
    }


def test_a_thousand_rows_take_few_queries(run: Any) -> None:
    text = "sku,name,category\n" + "".join(f"S{i},Thing {i},Things\n" for i in range(1000))
    run(text)
    with CaptureQueriesContext(connection) as queries:
        run(text.replace("Thing ", "Other "))
    # SQLite takes 999 values a statement, so an upsert of 1000 rows is some twenty statements.
    assert len(queries) < 60


def test_an_import_that_was_interrupted_is_finished_by_the_next(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "sku,name\n" + "".join(f"S{i},Thing {i}\n" for i in range(25))
    monkeypatch.setattr(import_products, "CHUNK", 10)
    work = actions.import_products
    chunks = iter([False, True])

    def interrupted(**fields: Any) -> Any:
        if next(chunks):
            raise KeyboardInterrupt
        return work(**fields)

    with monkeypatch.context() as patch:
        patch.setattr(actions, "import_products", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(text)
    assert Product.objects.count() == 10
    out, _ = run(text)
    assert out == "15 created, 0 updated, 10 unchanged, 0 left out."
