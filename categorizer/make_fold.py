"""Build `fold.json`, the frozen table behind `text/1`, from this Python's Unicode database.

Run once, with a Python whose database is the one named in `UNICODE`; the result is committed and
carried inside every model. Nothing reads `unicodedata` when a product is categorized, because two
platforms, or two years, disagree about it. The format is described in docs/artifact-format.md.

    python -m categorizer.make_fold > categorizer/fold.json
"""

from __future__ import annotations

import json
import sys
import unicodedata

UNICODE = "14.0.0"
SPEC = "text/1"

# Letters that Unicode does not decompose although people type them without their stroke or
# ligature.
_PLAIN = {
    "ı": "i",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ħ": "h",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
    "ŧ": "t",
    "ŀ": "l",
    "ĸ": "k",
    "ŋ": "n",
    "ſ": "s",
    "ß": "ss",
    "×": "x",  # 16×30 is typed 16x30 just as often
    "\u2044": "/",  # fraction slash
}
# Blocks of combining marks that carry no meaning of their own in the scripts that use them. Kana
# voicing marks are here so that half-width katakana, which write the mark as a character of its
# own, equal the full- width ones.
_MARKS = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x0591, 0x05BD),
    (0x05BF, 0x05BF),
    (0x05C1, 0x05C2),
    (0x05C4, 0x05C5),
    (0x05C7, 0x05C7),
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0x3099, 0x309A),
    (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F),
    (0xE0100, 0xE01EF),
)
_INVISIBLE = frozenset("\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180b\u180c\u180d\u180f")
_ALONE = ("CJK UNIFIED", "CJK COMPAT", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC")


def _is_mark(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in _MARKS)


def _kind(character: str) -> str:
    """Return the class of one code point: W word, S alone, P number punctuation, X nothing, ' '
    separator.
    """
    code_point = ord(character)
    category = unicodedata.category(character)
    if category in {"Cn", "Co", "Cs"}:
        return " "
    if character in ".,/":
        return "P"
    if category == "Cf" or character in _INVISIBLE or _is_mark(character):
        return "X"
    alone = unicodedata.name(character, "").startswith(_ALONE)
    if category[0] in "LNM":
        return "S" if alone else "W"
    if category == "So" and code_point >= 0x2190:
        return "S"
    return " "


def _strip(text: str) -> str:
    return "".join(c for c in text if not _is_mark(c))


def _folded(character: str) -> str:
    decomposition = unicodedata.decomposition(character)
    if decomposition.startswith("<super>") and unicodedata.category(character) == "So":
        return " "  # ™ and ℠ are signs, not the letters tm and sm at the end of a word
    text = character
    while True:
        once = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        once = "".join(_PLAIN.get(c, c) for c in _strip(once))
        once = unicodedata.normalize("NFKC", once)
        if once == text:
            break
        text = once
    if decomposition.startswith("<fraction>"):
        return " " + text  # 3½ is 3 1/2, not 31/2
    return text


def build() -> dict[str, object]:
    """Return the fold table of the running Python's Unicode database."""
    kinds = [_kind(chr(code_point)) for code_point in range(0x110000)]
    classes = [
        [code_point, kind]
        for code_point, kind in enumerate(kinds)
        if code_point == 0 or kinds[code_point - 1] != kind
    ]
    folds: dict[int, str] = {}
    for code_point, kind in enumerate(kinds):
        character = chr(code_point)
        if kind == "X" or unicodedata.category(character) in {"Cn", "Co", "Cs"}:
            continue
        folded = _folded(character)
        if kind == " " and all(kinds[ord(c)] == " " for c in folded):
            continue  # a separator stays one, whatever it decomposes to
        if folded != character:
            folds[code_point] = folded
    single = {code_point: ord(text) for code_point, text in folds.items() if len(text) == 1}
    runs: list[list[int]] = []
    used: set[int] = set()
    for step in (1, 2):
        for start in sorted(single):
            if start in used:
                continue
            delta = single[start] - start
            count = 1
            while (following := start + count * step) not in used and (
                single.get(following, -1) - following == delta
            ):
                count += 1
            if count >= 3 or step == 2:
                runs.append([start, count, step, delta])
                used.update(range(start, start + count * step, step))
    multiple = [[code_point, text] for code_point, text in sorted(folds.items()) if len(text) != 1]
    return {
        "classes": classes,
        "multi": multiple,
        "runs": sorted(runs),
        "spec": SPEC,
        "unicode": unicodedata.unidata_version,
    }


def encode(table: dict[str, object]) -> bytes:
    """Return the canonical bytes of a fold table: sorted keys, no spaces, UTF-8."""
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


if __name__ == "__main__":
    if unicodedata.unidata_version != UNICODE:
        sys.exit(f"text/1 is Unicode {UNICODE}; this Python has {unicodedata.unidata_version}.")
    sys.stdout.buffer.write(encode(build()))
