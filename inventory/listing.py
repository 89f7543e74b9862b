"""One page of the list of products: what was asked for, and what there is to see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from rest_framework import serializers

from inventory.api.products import ProductFilters
from inventory.models import Category, Product, ProductQuerySet
from lib.api import BadQuery
from lib.pages import read_query

MOST_SHOWN = 50
MOST_COUNTED = 1000
MOST_CHOICES = 200

# Both orders can be read on from any row without counting those before it: they follow a column
# with an index, which no two products share and which changes rarely or never. The moment of the
# last change does neither; a product that changes would be seen twice or not at all.
ORDERS = {"newest": "Newest first", "sku": "By SKU"}

SOURCES = {source.value or Product.NOBODY: source.label for source in Product.Source}


class ListQuery(ProductFilters):
    sort = serializers.ChoiceField(list(ORDERS), default="newest")
    after = serializers.CharField(max_length=64, required=False)
    before = serializers.CharField(max_length=64, required=False)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in words, and the address of the list without it."""

    words: str
    without: str


@dataclass(frozen=True, slots=True)
class Listing:
    products: list[Product]
    total: int | None
    asked: Mapping[str, object]
    chips: list[Chip]
    categories: list[str]
    is_cut: bool
    first: str | None
    previous: str | None
    next: str | None

    @property
    def counted(self) -> str:
        """Return how many products fit, in words; nothing where they were not counted."""
        match self.total:
            case None:
                return ""
            case 1:
                return "1 product"
            case total if total > MOST_COUNTED:
                return f"More than {MOST_COUNTED:,} products"
            case total:
                return f"{total:,} products"


def read(request: HttpRequest) -> Listing:
    """Return the page that an address asks for. Raise BadQuery if it cannot be understood."""
    asked = read_query(ListQuery, request)
    sort: str = asked.pop("sort")
    after, before = asked.pop("after", None), asked.pop("before", None)
    if after is not None and before is not None:
        raise BadQuery("before", "Give one of “after” and “before”.")
    categories, is_cut = _choices(asked.get("category"))
    found = Product.objects.present().matching(**asked)
    is_start = after is None and before is None
    # Which products, and their number, in one pass: a search looks at every product there is.
    found, order = _beyond(found, sort=sort, after=after, before=before)
    most = MOST_COUNTED if is_start else MOST_SHOWN
    keys = list(found.order_by(order).values_list("pk", flat=True)[: most + 1])
    more = len(keys) > MOST_SHOWN
    products = _rows(keys[:MOST_SHOWN], order)
    if before is not None:
        products.reverse()

    kept = {name: request.GET[name] for name in asked}
    if sort != "newest":
        kept["sort"] = sort
    has_previous = more if before is not None else after is not None and bool(products)
    has_next = more if before is None else bool(products)
    return Listing(
        products=products,
        total=len(keys) if is_start else None,
        asked={**asked, "sort": sort},
        chips=list(_chips(asked, kept)),
        categories=categories,
        is_cut=is_cut,
        first=None if is_start else _address(kept),
        previous=_address(kept, before=_key(products[0], sort)) if has_previous else None,
        next=_address(kept, after=_key(products[-1], sort)) if has_next else None,
    )


def _beyond(
    found: ProductQuerySet, *, sort: str, after: str | None, before: str | None
) -> tuple[ProductQuerySet, str]:
    """Return what lies beyond the cursor, and the order that leads away from it."""
    field = "pk" if sort == "newest" else "sku"
    is_descending = (sort == "newest") is (before is None)
    for name, cursor in (("after", after), ("before", before)):
        if cursor is not None:
            if field == "pk" and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
                raise BadQuery(name, "Take this from the links below the list.")
            found = found.filter(**{f"{field}__{'lt' if is_descending else 'gt'}": cursor})
    return found, f"-{field}" if is_descending else field


def _rows(keys: list[int], order: str) -> list[Product]:
    return list(
        Product.objects.present()
        .filter(pk__in=keys)
        .select_related("category")
        .defer("description", "search_text", "category__search_text")
        .order_by(order)
    )


def _key(product: Product, sort: str) -> str:
    return str(product.pk) if sort == "newest" else product.sku


def _choices(chosen: str | None) -> tuple[list[str], bool]:
    """Return the paths to choose from, and whether these are only those around `chosen`."""
    paths = Category.objects.order_by("path").values_list("path", flat=True)
    choices = list(paths[: MOST_CHOICES + 1])
    is_cut = len(choices) > MOST_CHOICES
    if is_cut:
        around = Category.objects.around(chosen).order_by("path")
        choices = list(around.values_list("path", flat=True)[:MOST_CHOICES])
        if chosen is not None:
            # The cut may have left it out.
            choices = sorted({*choices, *paths.filter(path=chosen)})
    if chosen is not None and chosen not in choices:
        raise BadQuery("category", f"There is no category “{chosen}”. It may have a new name now.")
    return choices, is_cut


def _chips(asked: Mapping[str, object], kept: Mapping[str, str]) -> Iterator[Chip]:
    for name, value in asked.items():
        others = {other: given for other, given in kept.items() if other != name}
        yield Chip(_in_words(name, value), _address(others))


def _in_words(name: str, value: object) -> str:
    match name:
        case "search":
            return f"Words: {value}"
        case "sku":
            return f"SKU: {value}"
        case "category":
            return f"In {value}"
        case "uncategorized":
            return "Without a category" if value else "With a category"
        case _:
            return f"Category said by {SOURCES[str(value)]}"


def _address(kept: Mapping[str, str], **more: str) -> str:
    query = urlencode({**kept, **more})
    address = reverse("product-list")
    return f"{address}?{query}" if query else address
