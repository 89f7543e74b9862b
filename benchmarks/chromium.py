"""Chromium for the browser tests and the benchmarks: no window, no profile, no calls home."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoChromium(Exception):
    """The message says what to install."""


def program() -> str:
    """Return where the system's Chromium is."""
    found = [os.environ.get("SHELFMARK_CHROMIUM"), *map(shutil.which, PROGRAMS)]
    if (first := next(filter(None, found), None)) is None:
        raise NoChromium("Chromium was not found: install the package chromium.")
    return first


@contextlib.contextmanager
def started(playwright: Playwright, *more: str) -> Iterator[Browser]:
    """Start the system's Chromium with an empty profile, and end it with the block.

    `more` are arguments beside those that every start has.
    """
    browser = playwright.chromium.launch(executable_path=program(), args=[*ARGUMENTS, *more])
    try:
        yield browser
    finally:
        browser.close()
