"""Small drawings for the audit desk. They are SVG with attributes and classes: no inline style."""

from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def percent(ppm: int | None) -> str:
    """Return parts per million as people read them. What is not quite whole is not rounded up."""
    if ppm is None:
        return "–"
    tenths = min(ppm, 1_000_000) // 1000
    return f"{tenths // 10}.{tenths % 10} %"


@register.simple_tag
def meter(ppm: int | None, threshold: int | None = None) -> SafeString:
    """Return a bar with its number beside it, and a mark where the threshold is."""
    if ppm is None:
        return mark_safe('<span class="quiet">none</span>')
    mark: str = ""
    if threshold is not None and threshold <= 1_000_000:
        mark = format_html(
            '<rect class="meter-mark" x="{}" y="0" width="1.5" height="10"/>',
            f"{threshold / 10_000:.2f}",
        )
    return format_html(
        '<span class="meter"><svg viewBox="0 0 101.5 10" width="102" height="10"'
        ' aria-hidden="true" focusable="false">'
        '<rect class="meter-ground" x="0" y="1" width="100" height="8" rx="1"/>'
        '<rect class="meter-fill" x="0" y="1" width="{}" height="8" rx="1"/>{}</svg>'
        '<span class="number">{}</span></span>',
        f"{ppm / 10_000:.2f}",
        mark,
        percent(ppm),
    )


@register.filter
def short(digest: str | None) -> str:
    """Return as much of a digest as people compare by eye."""
    return digest[:12] if digest else "–"


@register.inclusion_tag("admin/desk.html", takes_context=True)
def desk(context: Context) -> dict[str, Any]:
    """Return what the front page shows to the person who asks."""
    from lib import clock
    from predictions.admin.summary import summary

    user = context["request"].user
    return {**summary(user=user, now=clock.now()), "perms": context["perms"]}
