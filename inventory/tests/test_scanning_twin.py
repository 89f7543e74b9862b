"""Python and TypeScript read every barcode alike."""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from inventory import gs1
from inventory.models import gtin_check_digit
from inventory.scanning import as_json, read

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "frontend/src/scan/vectors/scans.json").read_text())
YEAR: int = VECTORS["year"]
GS = "\x1d"


def twin(what: str, given: str = "") -> str:
    program = shutil.which("node")
    assert program, "Node is not installed. `make test` sets it up."
    done = subprocess.run(
        [program, ROOT / "frontend/scripts/scans.mjs", what],
        input=given.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_vectors_are_of_the_version_that_is_read_here() -> None:
    assert VECTORS["format"] == "shelfmark-scans/1"


@pytest.mark.parametrize("scan", VECTORS["scans"], ids=lambda scan: ascii(scan["raw"]))
def test_a_barcode_is_read_as_the_vectors_say(scan: dict[str, object]) -> None:
    assert as_json(read(str(scan["raw"]), year=YEAR)) == scan["read"]


def test_both_know_the_same_application_identifiers() -> None:
    assert twin("table").strip() == gs1.TABLE.strip()


def gtin(chance: random.Random, length: int) -> str:
    digits = "".join(chance.choices("0123456789", k=length - 1))
    return digits + str((gtin_check_digit(digits) + (chance.random() < 0.2)) % 10)


def element(chance: random.Random) -> tuple[str, str]:
    kind = chance.random()
    if kind < 0.3:
        return chance.choice(("01", "01", "02")), gtin(chance, 14)
    if kind < 0.4:
        return "00", gtin(chance, 18)
    if kind < 0.6:
        month = chance.choice(("01", "02", "11", "12", "13"))
        return "17", f"{chance.randrange(100):02}{month}{chance.randrange(33):02}"
    identifier = chance.choice(list(gs1.IDENTIFIERS))
    length = gs1.IDENTIFIERS[identifier].length or chance.randrange(1, 32)
    letters = chance.choice(("0123456789", "0123456789", "AZaz09-/()%_", "Ä0", "#"))
    return identifier, "".join(chance.choices(letters, k=length))


def scan(chance: random.Random) -> str:
    """Return something that a scanner might send: whole, broken, or from no scanner at all."""
    kind = chance.random()
    parts = [element(chance) for _ in range(chance.randrange(1, 5))]
    if kind < 0.2:
        text = gtin(chance, chance.choice((6, 8, 12, 13, 14, 15, 18)))
    elif kind < 0.45:
        separator = chance.choice((GS, GS, "{GS}", "<GS>", "^]", "\u241d", ""))
        text = separator.join(name + value for name, value in parts)
    elif kind < 0.65:
        text = "".join(f"({name}){value}" for name, value in parts)
    elif kind < 0.8:
        path = "".join(f"/{name}/{value}" for name, value in parts)
        end = chance.choice(("", "/", "?17=261200", "#a", "?a=1;17=%31"))
        text = f"https://example.com{path}{end}"
    else:
        letters = (
            '0123456789]()/:?#%=&;CdEQ "AZ{GS}\x1d\t\r\n\x00\x85\xa0\u2028\ufeff\ufffdé椅😀ſ\ud800'
        )
        text = "".join(chance.choices(letters, k=chance.randrange(24)))
    if chance.random() < 0.3:
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice("\x1d 0)\n\u2003Z/") + text[place:]
    symbology = chance.choice(
        ("", "", "]C1", "]C0", "]E0", "]E1", "]E3", "]E4", "]I1", "]d2", "]Q3", "]Q1", "]e0", "]z9")
    )
    text = (
        chance.choice(("", "", " ", "\ufeff", GS)) + symbology + text + chance.choice(("", "\r\n"))
    )
    # Two surrogates side by side are one letter in JSON.
    return str(json.loads(json.dumps(text)))


def test_both_read_thousands_of_other_texts_alike() -> None:
    chance = random.Random(5)
    texts = [scan(chance) for _ in range(20_000)]
    here = [as_json(read(text, year=YEAR)) for text in texts]
    lines = twin(str(YEAR), "".join(f"{json.dumps(text)}\n" for text in texts))
    there = [json.loads(line) for line in lines.split("\n")[:-1]]
    for text, ours, theirs in zip(texts, here, there, strict=True):
        assert ours == theirs, ascii(text)
    # The texts are worth comparing only if each outcome is common among them.
    kinds = [one["kind"] for one in here]
    assert all(kinds.count(kind) > 500 for kind in ("gtin", "sscc", "code", "bad"))
    assert sum("expires" in one for one in here) > 200


@pytest.mark.parametrize("year", [1999, 2000, 2049, 2050, 2051, 2099, 2100])
def test_both_find_the_same_century_in_every_year(year: int) -> None:
    texts = [f"010950600013435217{digits:02}0200" for digits in range(100)]
    lines = twin(str(year), "".join(f"{json.dumps(text)}\n" for text in texts)).splitlines()
    assert [as_json(read(text, year=year)) for text in texts] == list(map(json.loads, lines))
