"""Write data/raw/products.csv, the sample dataset: python -m data.make_sample [FILE].

Synthetic, and the same bytes on every machine and for ever: the standard library only, integers
only, and every choice is drawn from SHA-256 of a name. The words are in data/vocabulary/; what is
believable about the result and what is wrong with it on purpose is in data/README.md.
"""

import csv
import io
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.dice import Dice
from data.spelling import VOCABULARY, clerk, localised, pack, words, written

HERE = Path(__file__).resolve().parent
LANGUAGES = ("en",) * 75 + ("de",) * 13 + ("fr",) * 7 + ("es",) * 5
COLUMNS = (
    "sku", "gtin", "name", "description", "brand", "width_mm", "height_mm", "depth_mm",
    "weight_g", "price", "category", "language",
)  # fmt: skip

# Percentages that decide how hard the sample is; tuned so that a linear SVM is right for 93-97 %.
VAGUE, EMPTY, WRONG = 5, 1, 15  # of 100, of 100, of 1000
NO_DESCRIPTION, NO_SIZE, NO_WEIGHT, NO_BRAND, NO_PRICE, NO_GTIN = 25, 18, 14, 15, 8, 6

_SLOT = re.compile(r"\{(?:(n|h|m|g|kg|ml|cl|l):)?([^}]*)\}")


@dataclass(frozen=True)
class Category:
    """What the vocabulary says of one category."""

    path: str
    count: int
    box: tuple[tuple[int, int], ...]
    grams: tuple[int, int]
    cents: tuple[int, int]
    heads: dict[str, list[tuple[str, list[str]]]]  # language -> (head, its specifications)
    extras: dict[str, list[str]]
    texts: dict[str, list[str]]
    vague: list[str]
    near: list[str]
    filled: bool
    coloured: bool

    @property
    def department(self) -> str:
        return self.path.split(" > ")[0]


@dataclass(frozen=True)
class Family:
    """What the variants of one article have in common."""

    category: Category
    name: str  # of the dice
    language: str
    head: str
    pattern: str
    brand: str
    series: str
    extras: list[str]
    text: list[str]
    named_brand: bool
    kind: str  # "full", "vague" or "empty"


@dataclass(frozen=True)
class Filled:
    """A specification with its slots filled, and what it says about size and weight."""

    text: str
    size: int  # 0 to 1000
    height: int | None = None
    grams: int | None = None


def categories() -> list[Category]:
    found = []
    for path in sorted(VOCABULARY.glob("*.toml")):
        if path.name != "words.toml":
            tables = tomllib.loads(path.read_text("utf-8"))
            found += [_category(name, table) for name, table in tables.items()]
    return found


def _category(path: str, table: dict[str, Any]) -> Category:
    def split(text: str) -> list[str]:
        return [part.strip() for part in text.split(";") if part.strip()]

    common = table["specs"].split(", ")
    heads: dict[str, list[tuple[str, list[str]]]] = {}
    for language in ("en", "de", "fr", "es"):
        heads[language] = []
        for line in table[language].strip().splitlines():
            names, _, specs = line.partition("::")
            own = specs.strip().split(", ") if specs else common
            heads[language] += [_head(entry, own) for entry in split(names)]
    return Category(
        path=path,
        count=table["count"],
        box=tuple(_range(side, 1) for side in table["box"].split(" x ")),
        grams=_range(table["grams"], 1),
        cents=_range(table["price"], 100),
        heads=heads,
        extras={language: split(table[f"{language}_with"]) for language in heads},
        texts={language: split(table[f"{language}_text"]) for language in heads},
        vague=split(table["vague"]),
        near=table["near"],
        filled=table.get("filled", False),
        coloured=table.get("coloured", False),
    )


def _head(entry: str, specs: list[str]) -> tuple[str, list[str]]:
    name, at, own = entry.partition("@")
    return name.strip(), own.strip().split(", ") if at else specs


def _range(text: str, unit: int) -> tuple[int, int]:
    low, high = text.split("-")
    return _times(low, unit), _times(high, unit)


def _times(number: str, unit: int) -> int:
    """Return a decimal number times a unit, in integers: ("0.75", 1000) is 750."""
    whole, _, part = number.partition(".")
    return int(whole + part) * unit // int("1" + "0" * len(part))


def _family(category: Category, number: int) -> tuple[Family, list[str]]:
    name = f"{category.path}/{number}"
    dice = Dice(name)
    language = dice.one(LANGUAGES)
    head, specs = dice.one(category.heads[language])
    brands = words()["brands"]
    brand = dice.one(brands["house"] if dice.percent(18) else brands[category.department])
    kind = "empty" if dice.percent(EMPTY) else "vague" if dice.percent(VAGUE) else "full"
    if kind == "vague":
        head, specs, language = dice.one(category.vague), [""], "en"
    if kind == "empty":
        head, specs = dice.one(words()["empty"][language]), [""]
    family = Family(
        category=category,
        name=name,
        language=language,
        head=head,
        pattern=dice.one(_PATTERNS),
        brand=brand,
        series=_series(dice),
        extras=_extras(dice, category.extras[language], dice.one((0, 1, 1, 1, 2, 2))),
        text=_sentences(dice, category, language, head, kind),
        named_brand=dice.percent(30),
        kind=kind,
    )
    return family, specs


# H head, S specification, E what it comes with, B brand, N series or type number, C colour.
_PATTERNS = (
    "H S", "H S", "H S, E", "H S E", "H E S", "H, E, S", "B H S", "B N H S", "H N S", "N H S",
    "H B N", "H S C", "H, C, S", "H E", "S H", "H S (E)", "H - S - E", "B H E", "H C", "B N H E S",
)  # fmt: skip


def _extras(dice: Dice, choices: Sequence[str], count: int) -> list[str]:
    """Draw extras that do not contradict each other: no two colours, not with and without."""
    found: list[str] = []
    for extra in dice.some(choices, count):
        if not any(_kind(extra) & _kind(other) for other in found):
            found.append(extra)
    return found


def _kind(extra: str) -> set[str]:
    small = {"with", "without", "for", "mit", "ohne", "für", "avec", "sans", "con", "sin", "and"}
    own = set(extra.lower().replace(",", "").split())
    return own - small or own if len(own) > 1 else own | {"one word"}


def _series(dice: Dice) -> str:
    if dice.percent(55):
        return str(dice.one(words()["series"]["names"]))
    letters = "".join(dice.one("ABCDEFGHKLMNPRSTVWXZ") for _ in range(dice.one((1, 2, 2, 3))))
    return f"{letters}{dice.one(('', '-', ' '))}{dice.one((1, 5, 10, 100)) * (1 + dice.below(99))}"


def _sentences(dice: Dice, category: Category, language: str, head: str, kind: str) -> list[str]:
    # Suppliers often have one text for all countries.
    spoken = "en" if dice.percent(7) else language
    if dice.percent(6):
        return [dice.one(words()["remarks"][spoken])]
    # What a vague name hides, its description often tells.
    told = dice.one(category.heads[spoken])[0] if kind != "full" else head
    sentences = dice.some(category.texts[spoken], dice.one((1, 1, 2, 2, 3)))
    if dice.percent(45):
        extra = dice.one(category.extras[spoken])
        sentences.insert(0, f"{told[:1].upper()}{told[1:]}, {extra}.")
    if dice.percent(22):
        sentences.append(dice.one(words()["remarks"][spoken]))
    return sentences


def _fill(template: str, dice: Dice, language: str, category: Category) -> Filled:
    """Choose for each slot. A slot's later choices are the bigger ones."""
    filled = Filled(text="", size=dice.below(1001))
    ranks: list[int] = []
    end = 0
    for slot in _SLOT.finditer(template):
        choices = slot[2].split("|")
        rank = dice.below(len(choices))
        chosen = choices[rank]
        if len(choices) > 1:
            ranks.append(1000 * rank // (len(choices) - 1))
        shown = chosen
        if slot[1] == "n" and slot.end() == len(template):
            shown = pack(chosen, dice, language)
        filled = replace(filled, text=filled.text + template[end : slot.start()] + shown)
        filled = _weighed(filled, slot[1] or "", chosen, template[slot.end() :], category)
        end = slot.end()
    text = (filled.text + template[end:]).replace(" -tlg.", "-tlg.").strip()
    size = (sum(ranks) // len(ranks) + filled.size) // 2 if ranks else filled.size
    return replace(filled, text=text, size=size)


def _weighed(filled: Filled, unit: str, number: str, after: str, category: Category) -> Filled:
    if unit == "h":
        return replace(filled, height=int(number))
    if unit == "n" and after.startswith(" x "):
        return replace(filled, grams=int(number))
    grams = {"g": 1, "kg": 1000}.get(unit, 0)
    if category.filled:
        grams = grams or {"ml": 1, "cl": 10, "l": 1000}.get(unit, 0)
    if not grams:
        return filled
    return replace(filled, grams=(filled.grams or 1) * _times(number, grams))


def variants(category: Category, number: int, left: int) -> Iterator[dict[str, str]]:
    """Yield the rows of one family, at most `left`, without what the whole catalogue decides."""
    family, specs = _family(category, number)
    dice = Dice(f"{family.name}/variants")
    count = min(left, dice.one((1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4)))
    template = dice.one(specs)
    described = not dice.percent(NO_DESCRIPTION)
    seen = set()
    for index in range(count):
        own = Dice(f"{family.name}/variant {index}")
        spec = _fill(template, own, family.language, category)
        colour = own.one(words()["colours"][family.language])
        name = _name(family, spec.text, colour if category.coloured else "", own)
        if name in seen:
            continue
        seen.add(name)
        sentences = [_fill(text, own, "", category).text for text in family.text]
        description = written(" ".join(sentences), family.language, own)
        yield {
            "name": name,
            "description": description if described and not own.percent(3) else "",
            "brand": "" if own.percent(NO_BRAND) else family.brand,
            **_measures(category, spec, own),
            "category": category.near[own.below(len(category.near))]
            if own.below(1000) < WRONG
            else category.path,
            "truth": category.path,
            "language": family.language,
        }


def _name(family: Family, spec: str, colour: str, dice: Dice) -> str:
    if family.kind != "full":
        name = family.head
        if dice.percent(25):
            name = f"{name} {dice.one((colour, family.series, family.brand))}".strip()
    else:
        pattern = family.pattern if family.named_brand else family.pattern.replace("B ", "")
        parts = {
            "H": family.head,
            "S": localised(spec, family.language),
            "E": ", ".join(family.extras),
            "B": family.brand,
            "N": family.series,
            "C": colour,
        }
        name = "".join(parts.get(sign, sign) for sign in pattern)
        name = re.sub(r"\(\s*\)|(?:\s-)+\s*$|(?<=\s)-\s+(?=-)", "", name)
        name = re.sub(r"\s+,", ",", re.sub(r"\s+", " ", re.sub(r"(?:,\s*)+", ", ", name)))
        name = name.strip(" ,-")
    return clerk(written(name, family.language, dice), family.language, dice)


def _measures(category: Category, spec: Filled, dice: Dice) -> dict[str, str]:
    def at(low: int, high: int, spread: int) -> int:
        share = (spec.size * (100 - spread) + dice.below(1001) * spread) // 100
        # Most articles are small: the square bends the scale.
        return low + (high - low) * share * share // 1_000_000

    width, height, depth = (at(low, high, 40) for low, high in category.box)
    if spec.height is not None:
        height = spec.height + dice.one((0, 0, 0, 2, 5, 10))
    sides = [5 * (side // 5) if side > 100 and dice.percent(60) else side
             for side in (width, height, depth)]  # fmt: skip
    grams = at(*category.grams, 35)
    if spec.grams is not None:
        grams = spec.grams * (104 + dice.below(14)) // 100 + dice.below(12)
    if grams > 500 and dice.percent(50):
        grams = 50 * (grams // 50)
    cents = at(*category.cents, 60)
    ending = dice.one((90, 95, 99, 49, 50, 0)) if cents >= 200 else dice.one((9, 19, 49, 79))
    cents = 100 * (cents // 100) + ending
    shown = [str(side) for side in sides]
    if dice.percent(NO_SIZE):
        shown = ["", "", ""]
    elif dice.percent(6):
        shown[dice.below(3)] = ""
    return {
        "width_mm": shown[0],
        "height_mm": shown[1],
        "depth_mm": shown[2],
        "weight_g": "" if dice.percent(NO_WEIGHT) else str(max(grams, 1)),
        "price": "" if dice.percent(NO_PRICE) else f"{max(cents, 9) // 100}.{cents % 100:02d}",
    }


def check_digit(digits: str) -> str:
    """Return the GS1 check digit of what stands before it: weights 3 and 1 from the right."""
    total = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _gtin(dice: Dice, taken: set[int]) -> str:
    """Draw a number from the ranges that GS1 keeps for use inside a company."""
    if dice.percent(NO_GTIN):
        return ""
    head, length = dice.one((("2", 13),) * 14 + (("2", 12),) * 3 + (("12", 14),) * 2 + (("2", 8),))
    while True:
        body = head + "".join(str(dice.below(10)) for _ in range(length - len(head) - 1))
        gtin = body + check_digit(body)
        if int(gtin) not in taken:
            taken.add(int(gtin))
            return gtin


def rows() -> list[dict[str, str]]:
    """Return all rows; `truth` is the category before some were made wrong."""
    families: list[list[dict[str, str]]] = []
    for category in categories():
        left, number = category.count, 0
        while left:
            family = list(variants(category, number, left))
            families.append(family)
            left -= len(family)
            number += 1
    # Articles arrive in no order of category; their variants arrive together.
    families.sort(key=lambda family: sha256(repr(family).encode()).digest())
    found: list[dict[str, str]] = []
    number, taken = 100_000, set[int]()
    for row in (row for family in families for row in family):
        dice = Dice(f"row {len(found)}")
        number += dice.one((1, 1, 1, 2, 3, 7))
        found.append({"sku": f"SF-{number}", "gtin": _gtin(dice, taken), **row})
    return found


def as_csv(found: Sequence[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[name] for name in COLUMNS] for row in found)
    return out.getvalue().encode()


def main(arguments: Sequence[str]) -> None:
    made = rows()
    if arguments == ["--wrong"]:
        for row in made:
            if row["truth"] != row["category"]:
                print(row["sku"], row["category"], "should be", row["truth"], sep="\t")
        return
    path = Path(arguments[0]) if arguments else HERE / "raw" / "products.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_csv(made))
    print(f"{path}: {len(made)} products in {len({row['truth'] for row in made})} categories")


if __name__ == "__main__":
    main(sys.argv[1:])
