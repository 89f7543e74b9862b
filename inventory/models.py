from collections.abc import Iterable
from decimal import Decimal
from typing import Self, TypedDict

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CharField, F, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast, Left, LPad
from django.db.models.lookups import Contains, Exact

from inventory.search import spellings
from ledger.models import Entry

SEPARATOR = " > "
LONGEST_MM = 100_000
HEAVIEST_G = 10_000_000


class Taxonomy(models.Model):
    """What the category tree is now, in two numbers. One row, made with the first category.

    Every change of a category raises the version in the same transaction, so that a receipt
    can say which tree it was written under.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, help_text="Of the sorted paths as JSON.")
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "taxonomy"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="inventory_one_taxonomy"),
        ]

    def __str__(self) -> str:
        return f"Taxonomy {self.version}"

    @classmethod
    def current_version(cls) -> int:
        """Return the version of the tree now; 0 before the first category."""
        return cls.objects.values_list("version", flat=True).first() or 0


class CategoryQuerySet(models.QuerySet["Category"]):
    def within(self, path: str) -> Self:
        """Return the category at `path` and everything below it."""
        return self.filter(Q(path=path) | _starts(path + SEPARATOR))

    def under(self, category: "Category") -> Self:
        """Return what lies below `category`, without itself."""
        return self.filter(_starts(category.path + SEPARATOR))

    def around(self, path: str | None) -> Self:
        """Return the tops of the tree, and from `path` what is above and directly below it."""
        if path is None:
            return self.filter(parent=None)
        return self.filter(
            Q(parent=None) | Q(parent__path=path) | Q(path__in=list(paths_above(path)))
        )

    def search(self, words: str) -> Self:
        """Return what has every word in its path."""
        found = self
        for word in spellings(words):
            found = found.filter(_has(word))
        return found


def _starts(beginning: str) -> Q:
    # Not a LIKE alone, which is what startswith is: SQLite's takes "tools" for "Tools".
    return Q(path__startswith=beginning) & Q(Exact(Left("path", len(beginning)), beginning))


def _has(word: Iterable[str]) -> Q:
    """Return the condition that one of a word's spellings occurs."""
    match = Q()
    for spelling in sorted(word):
        match |= Q(search_text__contains=spelling)
    return match


class Category(models.Model):
    """A place in the tree. Its path is the label that a model learns and suggests."""

    DEEPEST = 12
    LONGEST_PATH = 1000

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=LONGEST_PATH, unique=True)
    search_text = models.TextField(
        editable=False, default="", help_text="The path, as a search looks for it."
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # What tells of the last change; ledger/guards.py says how it cannot be left out.
    entry = models.ForeignKey(
        Entry, models.DO_NOTHING, to_field="uuid", null=True, editable=False, related_name="+"
    )

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="inventory_category_has_a_name"),
            models.CheckConstraint(
                condition=~Q(name__contains=SEPARATOR), name="inventory_name_is_no_path"
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")), name="inventory_category_is_not_its_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.path


def gtin_check_digit(digits: str) -> int:
    """Return the last digit that a GTIN with these other digits has (GS1, section 7.9)."""
    return -sum(int(digit) * (1 if i % 2 else 3) for i, digit in enumerate(reversed(digits))) % 10


def read_gtin(text: str) -> int:
    """Return the number of a GTIN-8, -12, -13 or -14. Raise ValidationError if it is none.

    They are one numbering: leading zeros do not matter, so the number is what is stored.
    """
    if not (text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14)):
        raise ValidationError("A GTIN has 8, 12, 13 or 14 digits.", code="gtin")
    if int(text) == 0:
        raise ValidationError("A GTIN is not all zeros.", code="gtin")
    expected = gtin_check_digit(text[:-1])
    if int(text[-1]) != expected:
        raise ValidationError(
            f"The last digit of this GTIN should be {expected}: look for a typing error.",
            code="gtin",
        )
    return int(text)


def show_gtin(number: int) -> str:
    """Return the shortest GTIN for `number`: 8, 12, 13 or 14 digits."""
    text = str(number)
    return text.zfill(next(length for length in (8, 12, 13, 14) if len(text) <= length))


def _gtin_checksum() -> CombinedExpression:
    """Return the weighted sum of a GTIN's 14 digits, modulo 10; 0 if the check digit is right."""
    terms = [F("gtin") / 10**place % 10 * (3 if place % 2 else 1) for place in range(14)]
    total: CombinedExpression = terms[0]
    for term in terms[1:]:
        total = total + term
    checksum: CombinedExpression = total % 10
    return checksum


class ProductQuerySet(models.QuerySet["Product"]):
    def present(self) -> Self:
        """Leave out what was deleted."""
        return self.filter(deleted_at=None)

    def uncategorized(self) -> Self:
        return self.filter(category=None)

    def categorized_within(self, path: str) -> Self:
        return self.filter(category__in=Category.objects.within(path))

    def search(self, words: str) -> Self:
        """Return what has every word in its SKU, name or brand, or in its GTIN.

        Part of a word is enough; of a GTIN, six digits, because fewer are in every other one.
        """
        found = self
        for word in spellings(words):
            match = _has(word)
            for spelling in word:
                if spelling.isascii() and spelling.isdigit() and 6 <= len(spelling) <= 14:
                    digits = LPad(Cast("gtin", CharField()), 14, Value("0"))
                    match |= Q(Contains(digits, spelling))
            found = found.filter(match)
        return found

    def matching(
        self,
        *,
        search: str = "",
        sku: str | None = None,
        category: str | None = None,
        uncategorized: bool | None = None,
        source: str | None = None,
    ) -> Self:
        """Return what fits every filter that is given; `category` is a path."""
        found = self.search(search)
        if sku is not None:
            found = found.filter(sku=sku)
        if category is not None:
            found = found.categorized_within(category)
        if uncategorized is not None:
            found = found.filter(category__isnull=uncategorized)
        if source is not None:
            found = found.filter(category_source="" if source == Product.NOBODY else source)
        return found


class ProductFields(TypedDict, total=False):
    """What a product says about itself. Whoever calls an action has checked the values."""

    sku: str
    gtin: int | None
    name: str
    description: str
    brand: str
    width_mm: int | None
    height_mm: int | None
    depth_mm: int | None
    weight_g: int | None
    price: Decimal | None


class Product(models.Model):
    """A thing on a shelf."""

    class Source(models.TextChoices):
        NOBODY = "", "nobody"
        PERSON = "person", "a person"
        MODEL = "model", "a model"
        IMPORT = "import", "an import"

    # What an address says for Source.NOBODY, which is stored as an empty string.
    NOBODY = "nobody"

    sku = models.CharField("SKU", max_length=64)
    gtin = models.PositiveBigIntegerField("GTIN", null=True, blank=True, db_index=True)
    name = models.CharField(max_length=500)
    description = models.TextField(blank=True, max_length=20_000)
    # Long, because real catalogues keep whole sentences about designers here.
    brand = models.CharField(max_length=2000, blank=True)
    width_mm = models.PositiveIntegerField(null=True, blank=True)
    height_mm = models.PositiveIntegerField(null=True, blank=True)
    depth_mm = models.PositiveIntegerField(null=True, blank=True)
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    search_text = models.TextField(
        editable=False, default="", help_text="SKU, name and brand, as a search looks for them."
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="products"
    )
    category_source = models.CharField(
        max_length=10, blank=True, choices=Source.choices, default=Source.NOBODY
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    # What tells of the last change; ledger/guards.py says how it cannot be left out.
    entry = models.ForeignKey(
        Entry, models.DO_NOTHING, to_field="uuid", null=True, editable=False, related_name="+"
    )

    objects = ProductQuerySet.as_manager()

    class Meta:
        permissions = [("categorize_product", "Can say which category a product belongs to")]
        indexes = [
            # The list asks for one category or for none, page by page, without the deleted.
            models.Index(
                fields=["category", "id"],
                condition=Q(deleted_at=None),
                name="inventory_product_by_category",
            ),
        ]
        constraints = [
            # A deleted product keeps its row for the receipts that name it, but not its SKU.
            models.UniqueConstraint(
                fields=["sku"], condition=Q(deleted_at=None), name="inventory_one_product_per_sku"
            ),
            models.CheckConstraint(condition=~Q(sku=""), name="inventory_product_has_a_sku"),
            models.CheckConstraint(condition=~Q(name=""), name="inventory_product_has_a_name"),
            models.CheckConstraint(
                condition=Q(gtin=None)
                | Q(gtin__range=(1, 99_999_999_999_999)) & Q(Exact(_gtin_checksum(), 0)),
                name="inventory_gtin_has_its_check_digit",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{field: None}) | Q(**{f"{field}__range": (1, largest)}),
                    name=f"inventory_{field}_is_plausible",
                )
                for field, largest in (
                    ("width_mm", LONGEST_MM),
                    ("height_mm", LONGEST_MM),
                    ("depth_mm", LONGEST_MM),
                    ("weight_g", HEAVIEST_G),
                )
            ),
            models.CheckConstraint(
                condition=Q(price=None) | Q(price__gte=0), name="inventory_price_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(category=None, category_source="")
                | Q(category__isnull=False, category_source__in=["person", "model", "import"]),
                name="inventory_category_has_a_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    @property
    def gtin_text(self) -> str | None:
        return None if self.gtin is None else show_gtin(self.gtin)


def paths_above(path: str) -> Iterable[str]:
    """Return the paths from the root down to `path`, `path` included."""
    names = path.split(SEPARATOR)
    return (SEPARATOR.join(names[: depth + 1]) for depth in range(len(names)))
