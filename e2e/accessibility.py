"""Whether people with a screen reader, a keyboard or weak eyes can use a page, as axe tells."""

from functools import cache

from playwright.sync_api import Page

from tools.console import ROOT

SCRIPT = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Every criterion of WCAG 2.2 A and AA that a program can check, and what axe itself advises.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# No preload: it copies imported stylesheets into style elements, which our policy refuses. Only the
# rule about locked orientation needs it.
RUN = "tags => axe.run(document, { preload: false, runOnly: { type: 'tag', values: tags } })"


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def axe(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it is now, a line for each element."""
    page.evaluate(_script())
    result = page.evaluate(RUN, TAGS)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
