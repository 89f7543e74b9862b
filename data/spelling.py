"""How suppliers write specifications, and what years of typing into short fields do to names."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from data.dice import Dice

VOCABULARY = Path(__file__).resolve().parent / "vocabulary"
_UNIT = r"(?:V|W|A|Ah|mm|cm|m|ml|cl|l|g|kg|lm|K|GB|TB|bar|t|Nm|mm²)"


@cache
def words() -> dict[str, Any]:
    """Return the vocabulary that is not bound to a category."""
    return tomllib.loads((VOCABULARY / "words.toml").read_text("utf-8"))


def localised(spec: str, language: str) -> str:
    for english, own in words()["units"].get(language, {}).items():
        spec = re.sub(rf"(?<![A-Za-z]){re.escape(english)}(?![A-Za-z])", own, spec)
    return spec


def written(text: str, language: str, dice: Dice) -> str:
    """Write numbers and units as a supplier in that country might."""
    if language != "en" and dice.percent(85):
        text = re.sub(r"(?<=\d)\.(?=\d)", ",", text)
    if dice.percent(40):
        text = re.sub(rf"(?<=\d) (?={_UNIT}\b)", "", text)
    if dice.percent(4):
        text = re.sub(r"(?<=\d) ?V\b", " Volt", re.sub(r"(?<=\d) ?W\b", " Watt", text))
    if dice.percent(10):
        text = text.replace("²", "2").replace("Ø ", "D").replace("°", "")
    return text


_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
    | dict(zip("éèêàâçîôûñíóúáœÉ", ("e", "e", "e", "a", "a", "c", "i", "o", "u", "n", "i", "o",
                                   "u", "a", "oe", "E"), strict=True))
)  # fmt: skip


def clerk(name: str, language: str, dice: Dice) -> str:
    """Do to a name what years of typing into short fields do."""
    if language != "en" and dice.percent(12):
        name = name.translate(_PLAIN)
    if dice.percent(14):
        for long, short in words()["abbreviations"].items():
            name = name.replace(long, short)
    if dice.percent(5):
        name = _mistyped(name, dice)
    if dice.percent(3):
        name = name[:30].strip()
    style = dice.below(100)
    if style < 8:
        return name.replace("ß", "ss").upper()
    if style < 16:
        return name.lower()
    if style < 22 and language == "en":
        return " ".join(word[:1].upper() + word[1:] for word in name.split(" "))
    return name[:1].upper() + name[1:]


def _mistyped(text: str, dice: Dice) -> str:
    places = [at for at in range(1, len(text) - 1) if text[at - 1 : at + 2].isalpha()]
    if not places:
        return text
    at = dice.one(places)
    return dice.one(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :],
        )
    )


def pack(number: str, dice: Dice, language: str) -> str:
    if number == "1":
        return ""
    forms = {
        "en": ("{} pcs", "x{}", "pack of {}", "({})", "{}pk", "{} pcs."),
        "de": ("{} Stück", "{}er-Pack", "{} St.", "VE {}"),
        "fr": ("lot de {}", "x{}", "{} pièces", "boîte de {}"),
        "es": ("{} uds.", "pack {}", "x{}", "caja de {}"),
    }
    return dice.one(forms[language]).format(number)
