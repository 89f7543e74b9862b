"""How the text of a product or a category and the words that people type are brought to one form.

People type without accents, with them, or "ue" for "ü"; in capitals; "18v" for "18 V", "2x4" for
"2 × 4", and a SKU without its hyphens. No database folds all of this, and SQLite folds ASCII
alone. So their words are folded when they are written, together with the other ways to spell them,
and the words of a search are folded when they are looked for.

Whoever changes the folding adds a migration that folds everything again.
"""

import re
import unicodedata

# The accents of Latin, Greek and Cyrillic. The marks of other scripts are letters of their own.
_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "×": "x", "’": "'", "‘": "'", "–": "-", "—": "-", "‐": "-",
    }
)  # fmt: skip
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
# What nobody sees and nobody types: the soft hyphen, joiners and their kind.
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_MEASURE = re.compile(
    r"\d[\d.,]*(?:\s*x\s*\d[\d.,]*)*"
    r"(?:\s*(?:mm|cm|dm|m|km|mg|g|kg|ml|cl|l|mv|v|w|kw|ma|a|ah|mah|hz|ghz|kb|mb|gb|tb)\b)?"
)
_PUNCTUATION = re.compile(r"[\W_]+")


def searchable(text: str, *, code: str = "") -> str:
    """Return all words that something is found by, each of them once.

    A `code`, such as a SKU, is also found without its spaces and its punctuation.
    """
    words = _folded(f"{code} {text}").split()
    found = dict.fromkeys(map(_plain, words))
    found |= dict.fromkeys(map(_spelt_out, words))
    found[_PUNCTUATION.sub("", _plain(_folded(code)))] = None
    measures = _MEASURE.findall(_plain(_folded(text)))
    found |= dict.fromkeys("".join(measure.split()) for measure in measures)
    found.pop("", None)
    return " ".join(found)


def spellings(words: str) -> list[frozenset[str]]:
    """Return for each word of a search its spellings, one of which has to occur."""
    found = {frozenset((_plain(word), _spelt_out(word))) for word in _folded(words).split()}
    # The longest first: it is the rarest as a rule, and a database stops at the first miss.
    return sorted(
        found - {frozenset(("",))}, key=lambda word: (-min(map(len, word)), *sorted(word))
    )


def _folded(text: str) -> str:
    # Folding the case can undo the normal form.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_UNSEEN)


def _plain(text: str) -> str:
    return unicodedata.normalize(
        "NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    ).translate(_LETTERS)


def _spelt_out(word: str) -> str:
    return _plain(word.translate(_SPELT_OUT))
