"""Slices of real catalogues, where they are at hand: they have faults nobody would invent."""

import os
import re
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import Count
from django.test import Client

from accounts.models import User
from inventory.models import Category, Product
from inventory.tests.reading import has_link, link, text

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


@pytest.mark.parametrize(("name", "options"), [("lego_parts", []), ("pricerunner", ["sku=row_id"])])
def test_a_whole_catalogue_can_be_browsed_and_its_products_found(
    client: Client, carla: User, name: str, options: list[str]
) -> None:
    maps = [word for option in options for word in ("--map", option)]
    call_command("import_products", str(CATALOGUES / f"{name}.csv"), *maps, verbosity=0)
    assert Product.objects.count() > 30_000
    client.force_login(carla)

    by_category = dict(Product.objects.values_list("category__path").annotate(Count("pk")))
    largest = max(by_category, key=by_category.__getitem__)
    seen: list[str] = []
    following: str | None = f"/products?{urlencode({'sort': 'sku', 'category': largest})}"
    while following:
        page = client.get(following)
        seen += re.findall(r'<td class="mono">([^<]*)</td>', page.content.decode())
        following = link(page, "Next page") if has_link(page, "Next page") else None
    assert len(seen) == len(set(seen)) == by_category[largest]

    words = re.compile(r"[^\W_]{4,}")
    for product in Product.objects.order_by("pk")[::200]:
        typed = " ".join(words.findall(product.name)[:3]) or product.sku
        assert Product.objects.search(typed.upper()).filter(pk=product.pk).exists(), typed

    tree = text(client.get("/categories"))
    for path, number in by_category.items():
        assert f"{path} {number:,} product" in tree
