"""Slices of real catalogues, where they are at hand: they have faults nobody would invent."""

import os
from itertools import islice
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from inventory.models import Category, Product

CATALOGUES = Path(
    os.environ.get("SHELFMARK_CATALOGUES") or settings.BASE_DIR.parent / "shared" / "data"
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.catalogues,
    pytest.mark.skipif(
        not CATALOGUES.is_dir(), reason=f"SHELFMARK_CATALOGUES: there is no folder {CATALOGUES}"
    ),
]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ikea", ["brand=designer", "width_mm=width*10", "height_mm=height*10"]),
        ("lego_parts", []),
        ("pricerunner", ["sku=row_id"]),
    ],
)
def test_a_real_catalogue_is_imported_whole_and_only_once(
    tmp_path: Path, name: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with (CATALOGUES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        lines = list(islice(file, 1501))
    part = tmp_path / "part.csv"
    part.write_text("".join(lines), encoding="utf-8", newline="")
    maps = [word for option in options for word in ("--map", option)]

    call_command("import_products", str(part), *maps)
    assert capsys.readouterr().out.startswith("1500 created")
    assert Product.objects.count() == 1500
    assert Product.objects.uncategorized().count() == 0
    assert not Category.objects.exclude(parent=None).exists()

    call_command("import_products", str(part), *maps)
    assert capsys.readouterr().out.startswith("0 created, 0 updated, 1500 unchanged")
