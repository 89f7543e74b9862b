"""The category tree with the number of products in each place."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count
from django.http import HttpRequest
from rest_framework import serializers

from inventory.models import SEPARATOR, Category, Product, Taxonomy, paths_above
from lib.api import BadQuery, QuerySerializer
from lib.pages import read_query

MOST_SHOWN = 500
MOST_OPEN = 40


@dataclass(slots=True, eq=False)
class Branch:
    """A category, how many products belong to it, and how many with all that lies below it."""

    name: str
    path: str
    own: int
    total: int
    below: list["Branch"] = field(default_factory=list)
    # Whether what lies below is on this page too, or a page of its own away.
    is_open: bool = False
    is_cut: bool = False

    @property
    def counted(self) -> str:
        """Return the number of its products, in words."""
        if not self.total:
            return "no products"
        products = f"{self.total:,} product{'' if self.total == 1 else 's'}"
        return (
            f"{products}, {self.own:,} of them right here" if self.below and self.own else products
        )


class TreeQuery(QuerySerializer):
    search = serializers.CharField(max_length=200, required=False)
    within = serializers.CharField(max_length=Category.LONGEST_PATH, required=False)


def read(request: HttpRequest) -> dict[str, object]:
    """Return what the page shows. Raise BadQuery if the address cannot be understood."""
    asked = read_query(TreeQuery, request)
    words: str = asked.get("search", "")
    path: str | None = asked.get("within")
    found = branches()
    if path is not None and path not in found:
        raise BadQuery("within", f"There is no category “{path}”. It may have a new name now.")
    if words:
        paths = Category.objects.within(path) if path else Category.objects.all()
        hits = paths.search(words).order_by("path").values_list("path", flat=True)
        tops = [found[hit] for hit in hits if hit in found]
        shown = tops[:MOST_SHOWN]
    else:
        roots = (branch for branch in found.values() if SEPARATOR not in branch.path)
        tops = found[path].below if path else list(roots)
        shown = show(tops)
    return {
        "taxonomy": Taxonomy.objects.first(),
        "words": words,
        "within": found[path] if path else None,
        "trail": [found[above] for above in paths_above(path)] if path else [],
        "branches": shown,
        "left_out": len(tops) - len(shown),
        "counted": f"{len(tops):,} categor{'y' if len(tops) == 1 else 'ies'}",
    }


def branches() -> dict[str, Branch]:
    """Return every category by its path, in the order of the paths. Two queries."""
    present = Product.objects.present().exclude(category=None).order_by()
    own = dict(present.values_list("category").annotate(Count("pk")))
    found: dict[str, Branch] = {}
    rows = Category.objects.values_list("pk", "name", "path")
    # Those above come first: their names are what a longer path begins with.
    for pk, name, path in sorted(rows, key=lambda row: row[2].split(SEPARATOR)):
        products = own.get(pk, 0)
        branch = found[path] = Branch(name, path, products, products)
        above = path.rpartition(SEPARATOR)[0]
        if above:
            found[above].below.append(branch)
    for path, branch in reversed(found.items()):
        above = path.rpartition(SEPARATOR)[0]
        if above:
            found[above].total += branch.total
    return found


def show(tops: list[Branch]) -> list[Branch]:
    """Return as many of `tops` as a page can bear, with as many levels below them.

    A page with few categories is unfolded; on others, what is too deep is a page away.
    """
    shown = level = tops[:MOST_SHOWN]
    size = len(level)
    while level:
        following = [branch for above in level for branch in above.below]
        if size + len(following) > MOST_SHOWN:
            for branch in level:
                branch.is_cut = bool(branch.below)
            break
        level, size = following, size + len(following)
    if size <= MOST_OPEN:
        unfold(shown)
    return shown


def unfold(shown: Iterable[Branch]) -> None:
    for branch in shown:
        branch.is_open = True
        unfold(branch.below)
