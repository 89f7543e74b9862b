"""The tablet's own categorizer reads of a product what the server's reads.

`python manage.py shell -c "from predictions.tests.test_feature_vectors import *; write()"` writes
the file anew.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rest_framework.renderers import JSONRenderer

from inventory.api.products import ProductOutput
from inventory.models import HEAVIEST_G, LONGEST_MM, Product
from predictions import features

FILE = Path(__file__).parents[2] / "frontend" / "src" / "offline" / "vectors" / "features.json"
AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
PRODUCTS: tuple[dict[str, Any], ...] = (
    {},
    {"name": "Cordless drill 18V"},
    {"name": "Größe 3½ ｶﾞｲド 😀", "description": "two\nlines\tand\u2028more", "brand": "ŁÓDŹ"},
    {"description": " spaces at both ends ", "brand": " "},
    {"name": "0", "brand": "null"},
    {"width_mm": 1, "height_mm": LONGEST_MM, "depth_mm": 28, "weight_g": HEAVIEST_G},
    {"name": "Shelf", "width_mm": 900, "weight_g": None},
    {"price": Decimal("0")},
    {"price": Decimal("0.01")},
    {"price": Decimal("12.9")},
    {"price": Decimal("1234567890.99")},
    {
        "name": "Claw hammer",
        "description": "Forged steel head, hickory handle.",
        "brand": "Nordwerk",
        "width_mm": 330,
        "height_mm": 130,
        "depth_mm": 40,
        "weight_g": 700,
        "price": Decimal("24.50"),
        "gtin": "04006381333931",
        "category_source": "person",
    },
)


def vectors() -> list[dict[str, Any]]:
    """Return products as the API tells of them, each with what a model is asked."""
    found = []
    for number, fields in enumerate(PRODUCTS):
        product = Product(
            pk=number + 1, sku=f"V-{number}", version=1, created_at=AT, updated_at=AT, **fields
        )
        told = json.loads(JSONRenderer().render(ProductOutput(product).data))
        found.append({"product": told, "features": features.of_product(product)})
    return found


def write() -> None:
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="ascii")


def test_the_committed_vectors_are_what_the_server_reads_now() -> None:
    assert json.loads(FILE.read_bytes()) == vectors()


def test_every_field_that_a_model_may_read_is_in_them() -> None:
    assert {name for one in vectors() for name in one["features"]} == set(features.FIELDS)
