"""What a barcode says. frontend/src/scan/normalize.ts does the same; both read the same vectors.

A scanner sends text, and each is set up in another way: with or without the symbology identifier
(ISO/IEC 15424), with a group separator or a word for it. "GS1 n" is a section of the GS1 General
Specifications. Nothing is ever fetched: an address is read as it is written.
"""

import re
from calendar import monthrange
from dataclasses import asdict, dataclass
from typing import Literal

from django.db.models import Q

from inventory.gs1 import IDENTIFIERS
from inventory.models import gtin_check_digit


@dataclass(frozen=True, slots=True)
class Goods:
    gtin: str  # 14 digits: GTIN-8 to GTIN-14 are one numbering (GS1 3.3.2)
    text: str  # what was scanned, without what nobody sees
    batch: str | None = None
    expires: str | None = None  # the last day, YYYY-MM-DD
    serial: str | None = None
    # The label is on a logistic unit that contains this product (GS1 3.3.3).
    content: Literal[True] | None = None
    kind: Literal["gtin"] = "gtin"


@dataclass(frozen=True, slots=True)
class Unit:
    sscc: str
    text: str
    kind: Literal["sscc"] = "sscc"


@dataclass(frozen=True, slots=True)
class Code:
    """A code of somebody's own."""

    code: str
    text: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True, slots=True)
class Bad:
    why: str  # a sentence
    text: str
    kind: Literal["bad"] = "bad"


Scanned = Goods | Unit | Code | Bad
_Elements = dict[str, str]


class _Fault(Exception):
    """It is none of ours; the message says why in a sentence."""


_GS = "\x1d"
# What nobody sees, at both ends; a group separator in front says that GS1 data follows.
_UNSEEN = "".join(
    map(
        chr,
        (
            *(point for point in range(0x21) if point != 0x1D),
            *range(0x7F, 0xA1),
            0x1680,
            *range(0x2000, 0x2010),
            *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF),
        ),
    )
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
# How scanners write the separator when they cannot send it.
_WRITTEN_GS = re.compile(r"\{GS\}|\[GS\]|<GS>|\^\]|" + "\u241d")
_SYMBOLOGY = re.compile(r"\]([A-Za-z][0-9A-Za-z])")
# GS1-128, DataBar and composites, DataMatrix, QR Code, DotCode (GS1 5.1).
_GS1_CARRIERS = frozenset(("C1", "e0", "e1", "e2", "d2", "Q3", "J1"))
# Unmarked, only what begins with a whole key is taken for GS1 data.
_KEY_FIRST = re.compile("0[12][0-9]{14}|00[0-9]{18}")
_KEY_PRINTED = re.compile(r"\(0[012]\)[0-9]")
_GTIN_LENGTHS = (8, 12, 13, 14)
_DIGITS = re.compile("[0-9]+")
_OPENING = re.compile(r"\(([0-9]{2,4})\)")
_ALLOWED = re.compile(f"[{_GS}!-#%-?A-Z_a-z]*")
_ADDRESS = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^/?#]+(/[^?#]*)?(?:\?([^#]*))?(?:#|\Z)")
_LINK = re.compile(r"/(00|01)/([0-9]+)((?:/(?:10|21|22)/[^/]+)*)/?\Z")
_ESCAPED = re.compile("%([0-9A-Fa-f]{2})")


def read(raw: str, *, year: int) -> Scanned:
    """Say what a scanner's text means. `year` is the one in which it was scanned (GS1 7.12)."""
    trimmed = raw.lstrip(_UNSEEN).rstrip(_UNSEEN + _GS)
    found = _SYMBOLOGY.match(trimmed)
    symbology = found[1] if found else ""
    data = trimmed[3:] if found else trimmed
    text = _CONTROLS.sub("", data).strip(_UNSEEN)
    try:
        if not text:
            raise _Fault("The scanner sent nothing.")
        if "\ufffd" in text:
            raise _Fault(
                "Some characters did not arrive: set the scanner to the keyboard layout of "
                "this device."
            )
        return _understand(data, symbology, text, year) or Code(text, text)
    except _Fault as fault:
        return Bad(str(fault), text)


def named_by(code: str, *, year: int) -> Q:
    """Return the condition of the products that a code belongs to: by SKU, or by GTIN."""
    scanned = read(code, year=year)
    by_sku = Q(sku=scanned.text)
    return by_sku | Q(gtin=int(scanned.gtin)) if isinstance(scanned, Goods) else by_sku


def as_json(scanned: Scanned) -> dict[str, object]:
    """Return what the twin in TypeScript returns: without what is not there."""
    return {name: value for name, value in asdict(scanned).items() if value is not None}


def _understand(data: str, symbology: str, text: str, year: int) -> Scanned | None:
    """Return what it means. None: it is a code of somebody's own."""
    marked = _WRITTEN_GS.sub(_GS, data)
    is_gs1 = symbology in _GS1_CARRIERS or marked.startswith(_GS)
    if link := _ADDRESS.match(text):
        linked = _linked(link[1] or "", link[2] or "")
        return None if linked is None else _meaning(linked, text, year)
    is_printed = marked.startswith("(")
    # Other symbologies are also used for numbers of one's own, and so are parentheses.
    if is_printed:
        is_own = not is_gs1 and not _KEY_PRINTED.match(marked)
    else:
        is_own = symbology != "" and not is_gs1 and symbology[0] not in "EI"
    try:
        if is_printed:
            return _meaning(_parenthesized(_allowed(marked)), text, year)
        if is_gs1 or _KEY_FIRST.match(marked) or (_GS in marked and _identifier_at(marked, 0)):
            return _meaning(_concatenated(_allowed(marked)), text, year)
        return _plain(text, symbology)
    except _Fault:
        if is_own:
            return None
        raise


def _allowed(marked: str) -> str:
    if not _ALLOWED.fullmatch(marked):
        raise _Fault("This barcode holds a character that GS1 does not allow.")
    return marked


def _plain(text: str, symbology: str) -> Scanned | None:
    """Read digits alone (GS1 5.2 for EAN/UPC, 5.3 for ITF-14)."""
    if symbology in ("E1", "E2"):
        raise _Fault("That is only the small barcode beside the main one: scan the long one.")
    if not _DIGITS.fullmatch(text):
        return None
    if symbology == "E0" and len(text) in (6, 8):
        return Goods(_checked(_expanded(text)), text)
    digits = text[:13] if symbology == "E3" else text
    return Goods(_checked(digits), text) if len(digits) in _GTIN_LENGTHS else None


def _expanded(text: str) -> str:
    """Return the GTIN-12 of a UPC-E symbol, which leaves out zeros (GS1 5.2.2.4)."""
    system, six = (text[0], text[1:7]) if len(text) == 8 else ("0", text)
    if system > "1":
        raise _Fault("A UPC-E barcode begins with 0 or 1: scan it again.")
    last = int(six[5])
    kept = 2 if last < 3 else last if last < 5 else 5
    company = six[:kept] + (six[5] if last < 3 else "")
    item = six[kept:5] if last < 5 else six[5]
    digits = system + company + item.rjust(10 - len(company), "0")
    return digits + (text[7] if len(text) == 8 else str(gtin_check_digit(digits)))


def _checked(digits: str) -> str:
    """Return the 14 digits of a GTIN whose check digit is right (GS1 7.9)."""
    if not digits.strip("0"):
        raise _Fault("A GTIN is not all zeros.")
    _check_last(digits, "GTIN")
    return digits.zfill(14)


def _check_last(digits: str, name: str) -> None:
    expected = gtin_check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise _Fault(
            f"The check digit of this {name} should be {expected}, not {digits[-1]}: "
            "scan it again, or look for a fault of the label."
        )


def _identifier_at(text: str, place: int) -> str | None:
    found = (text[place : place + length] for length in (2, 3, 4))
    return next((one for one in found if one in IDENTIFIERS), None)


def _unknown(marked: str, place: int) -> _Fault:
    part = marked[place : place + 6]
    return _Fault(f"This barcode has a part that GS1 does not know: “{part}”.")


def _concatenated(marked: str) -> _Elements:
    """Take element strings apart that follow each other (GS1 7.8)."""
    elements: _Elements = {}
    place = 0
    while place < len(marked):
        if marked[place] == _GS:
            place += 1
            continue
        identifier = _identifier_at(marked, place)
        if identifier is None:
            raise _unknown(marked, place)
        start = place + len(identifier)
        separator = marked.find(_GS, start)
        rest = len(marked) if separator < 0 else separator
        length = IDENTIFIERS[identifier].length
        place = rest if length is None else min(start + length, rest)
        _add(elements, identifier, marked[start:place])
    return elements


def _parenthesized(marked: str) -> _Elements:
    """Read what people print below a barcode: identifiers in parentheses (GS1 4.14)."""
    elements: _Elements = {}
    place = 0
    while place < len(marked):
        opening = _OPENING.match(marked, place)
        if not opening or opening[1] not in IDENTIFIERS:
            raise _unknown(marked, place)
        start = opening.end()
        length = IDENTIFIERS[opening[1]].length
        # A value may contain parentheses; of one whose length is known, the end is, too.
        place = _next_opening(marked, start + 1) if length is None else start + length
        _add(elements, opening[1], marked[start:place].rstrip(_GS))
        while marked.startswith(_GS, place):
            place += 1
    return elements


def _next_opening(marked: str, start: int) -> int:
    for opening in _OPENING.finditer(marked, start):
        if opening[1] in IDENTIFIERS:
            return opening.start()
    return len(marked)


def _linked(path: str, query: str) -> _Elements | None:
    """Read the path and the query of a GS1 Digital Link URI. None: it is another address."""
    link = _LINK.search(path)
    if not link or len(link[2]) not in ((18,) if link[1] == "00" else _GTIN_LENGTHS):
        return None
    elements: _Elements = {}
    _add(elements, link[1], link[2].zfill(14))
    names = link[3].split("/")[1:]
    for name, value in zip(names[::2], names[1::2], strict=True):
        _add(elements, name, _unescaped(value))
    for pair in re.split("[&;]", query):
        name, _, value = pair.partition("=")
        if name == "17":
            _add(elements, name, _unescaped(value.partition("=")[0]))
    return elements


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)


def _add(elements: _Elements, identifier: str, value: str) -> None:
    if not IDENTIFIERS[identifier].pattern.fullmatch(value):
        raise _Fault(f"Part ({identifier}) of this barcode is not what GS1 prescribes.")
    # Once is enough, and twice has to be the same (GS1 4.13).
    if elements.setdefault(identifier, value) != value:
        raise _Fault(f"This barcode says part ({identifier}) twice, and not the same.")


def _meaning(elements: _Elements, text: str, year: int) -> Scanned:
    """Say what the element strings of one barcode are about."""
    if "00" in elements:
        _check_last(elements["00"], "SSCC")
        return Unit(elements["00"], text)
    gtin = elements.get("01", elements.get("02"))
    if gtin is None:
        parts = ", ".join(f"({identifier})" for identifier in elements)
        raise _Fault(
            f"This barcode names no product, only {parts}: scan the one beside it that has a "
            "GTIN (01)."
        )
    gtin = _checked(gtin)
    expires = elements.get("17")
    return Goods(
        gtin=gtin,
        text=text,
        batch=elements.get("10"),
        expires=None if expires is None else _last_day(expires, year),
        serial=elements.get("21"),
        content=None if "01" in elements else True,
    )


def _last_day(digits: str, year: int) -> str:
    """Return the day of YYMMDD: in the nearest century (GS1 7.12), 00 is the last (GS1 3.4)."""
    ahead = int(digits[:2]) - year % 100
    full = year + ahead + (-100 if ahead >= 51 else 100 if ahead <= -50 else 0)
    month = int(digits[2:4])
    days = monthrange(full, month)[1] if 1 <= month <= 12 else 0
    day = int(digits[4:]) or days
    if day > days or days == 0:
        raise _Fault(f"The expiry date {digits} of this barcode is no date.")
    return f"{full}-{month:02}-{day:02}"
