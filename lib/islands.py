"""The template tag of an island: a React root in a Django page.

    {% load islands %}
    {% island "prediction" productId=product.pk %}

puts a place for the island and the files it needs into the page, by the names that Vite gave them.
Those carry their digest, so a page never runs another build's file.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

FOLDER = Path("frontend") / "dist" / "pages"
ADDRESS = "app/pages/"


class NotBuilt(Exception):
    """The frontend is not built, or has no such entry."""


@register.simple_tag
def island(name: str, /, **properties: object) -> SafeString:
    """Return the root of the island `name` with its properties and its files."""
    return format_html(
        '{}<div data-island="{}" data-properties="{}"></div>',
        entry(f"src/islands/{name}/index.tsx"),
        name,
        json.dumps(properties),
    )


@register.simple_tag
def entry(source: str) -> SafeString:
    """Return the elements that load the Vite entry `source` and its stylesheets."""
    chunks = _chunks(source)
    prefix = f"{settings.STATIC_URL}{ADDRESS}"
    styles = dict.fromkeys(style for one in chunks for style in one["css"])
    return format_html(
        '{}<script type="module" src="{}{}"></script>',
        format_html_join(
            "", '<link rel="stylesheet" href="{}{}">', ((prefix, style) for style in styles)
        ),
        prefix,
        chunks[0]["file"],
    )


def files(source: str) -> list[str]:
    """Return the addresses of everything that the entry `source` loads at once, sorted."""
    names = {name for one in _chunks(source) for name in (one["file"], *one["css"])}
    return sorted(f"{settings.STATIC_URL}{ADDRESS}{name}" for name in names)


def _chunks(source: str) -> list[dict[str, Any]]:
    """Return the entry `source` and every chunk that it loads at once, itself first."""
    manifest = _manifest(_modified())
    if source not in manifest:
        raise NotBuilt(f"The frontend has no entry {source}. Type `make frontend`.")
    names = [source]
    for name in names:  # grows meanwhile
        names += [one for one in manifest[name].get("imports", []) if one not in names]
    return [{"css": [], **manifest[name]} for name in names]


def _modified() -> int:
    try:
        return (settings.BASE_DIR / FOLDER / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError as error:
        raise NotBuilt("The frontend is not built. Type `make frontend`.") from error


@lru_cache(maxsize=1)
def _manifest(modified: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(
        (settings.BASE_DIR / FOLDER / "manifest.json").read_text(encoding="utf-8")
    )
    return manifest
