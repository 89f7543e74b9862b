"""What is known of a product, in words."""

from inventory.models import Product


def facts_of(product: Product) -> list[tuple[str, str]]:
    """Return what a page says of a product beside its name: (what, in words); empty: unknown."""
    return [
        ("GTIN", product.gtin_text or ""),
        ("Brand", product.brand),
        ("Width", _measure(product.width_mm, "mm")),
        ("Height", _measure(product.height_mm, "mm")),
        ("Depth", _measure(product.depth_mm, "mm")),
        ("Weight", _measure(product.weight_g, "g")),
        ("Price", "" if product.price is None else f"{product.price:.2f}"),
    ]


def _measure(value: int | None, unit: str) -> str:
    return "" if value is None else f"{value:,} {unit}"
