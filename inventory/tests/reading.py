"""Reading a page as a person does: its words and its links."""

import re
from html import unescape
from typing import Any


def text(page: Any) -> str:
    return _words(page.content.decode())


def links(page: Any) -> dict[str, str]:
    """Return the address of each link by its words; of two with the same words, the first."""
    found: dict[str, str] = {}
    html = page.content.decode()
    for address, label in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL):
        found.setdefault(_words(label), unescape(address))
    return found


def link(page: Any, words: str) -> str:
    """Return the address of the first link with these words in it."""
    return next(address for label, address in links(page).items() if words in label)


def has_link(page: Any, words: str) -> bool:
    return any(words in label for label in links(page))


def _words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()
