"""What the pages of the catalogue cost with a real catalogue behind them.

    python -m benchmarks.bench_pages [--rounds 15]

For each catalogue: a new installation, the whole catalogue imported, the real server, somebody who
is signed in. Every page is asked for in turn, round after round; the figures are what one client on
one connection waits for. How many queries a page needs is pinned by tests.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode

from benchmarks import catalogues, machine
from benchmarks.instance import Home, furnish
from benchmarks.load import LOOPBACK
from benchmarks.report import table
from tools.console import ROOT, VAR, main, say

PICKER, AUDITOR = "carla", "dora"


class Browser:
    """One connection of somebody who is signed in."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
        self._cookies: SimpleCookie = SimpleCookie()

    def sign_in(self, name: str, password: str) -> None:
        self.get("/sign-in")
        form = {
            "username": name,
            "password": password,
            "csrfmiddlewaretoken": self._cookies["csrftoken"].value,
        }
        status, _ = self._ask("POST", "/sign-in", urlencode(form))
        if status != 302:
            raise RuntimeError(f"/sign-in answered {status}")

    def get(self, address: str) -> bytes:
        status, body = self._ask("GET", address)
        if status != 200:
            raise RuntimeError(f"{address} answered {status}: {body[:200]!r}")
        return body

    def _ask(self, method: str, address: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": "; ".join(f"{c.key}={c.value}" for c in self._cookies.values())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, address, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookies.load(value)
        return answer.status, content


def pages(category: str) -> Iterator[tuple[str, str, str]]:
    """Yield who looks, at what, and where it is."""
    yield PICKER, "list, first page", "/products"
    yield PICKER, "list, deep in it", "/products?after=15000"
    yield PICKER, "list by SKU", "/products?sort=sku"
    yield PICKER, "search: a word that nothing has", "/products?search=zzzyx"
    yield PICKER, "search: a letter that nearly everything has", "/products?search=e"
    yield PICKER, "search: two words", "/products?search=with+2"
    yield PICKER, "one category", f"/products?category={quote(category)}"
    yield PICKER, "category tree", "/categories"
    yield PICKER, "one product", "/products/1500"
    yield PICKER, "API: list of 200", "/api/v1/products?limit=200"
    yield AUDITOR, "audit desk: front page", "/admin/"
    yield AUDITOR, "audit desk: products", "/admin/inventory/product/"
    yield AUDITOR, "audit desk: search", "/admin/inventory/product/?q=zzzyx"


def measure(home: Home, catalogue: catalogues.Catalogue, rounds: int) -> list[list[str]]:
    for side in ("train", "test"):
        file = home.folder / f"{side}.csv"
        catalogue.write_products(file, side=side)
        home.manage("import_products", file)
    told = (home.folder / "people.txt").read_text().splitlines()
    passwords = {name: password for name, password, *_ in map(str.split, told)}
    found: dict[str, list[float]] = {}
    sizes: dict[str, int] = {}
    with home.serving() as server:
        browsers = {who: Browser(server.port) for who in (PICKER, AUDITOR)}
        for who, browser in browsers.items():
            browser.sign_in(who, passwords[who])
        for number in range(rounds + 2):
            for who, what, address in pages(catalogue.rows[0].category):
                begun = time.perf_counter()
                sizes[what] = len(browsers[who].get(address))
                if number >= 2:  # both processes have seen it
                    milliseconds = (time.perf_counter() - begun) * 1000
                    found.setdefault(what, []).append(milliseconds)
    return [
        [
            catalogue.name,
            f"{len(catalogue.rows):,}",
            what,
            f"{statistics.median(times):.0f}",
            f"{max(times):.0f}",
            f"{sizes[what] / 1000:.0f}",
        ]
        for what, times in found.items()
    ]


def bench() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds: int = parser.parse_args(sys.argv[1:]).rounds
    lines = [machine.describe(VAR), ""]
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="shelfmark-pages-") as folder:
        for catalogue in catalogues.every():
            say(f"{catalogue.name}: {len(catalogue.rows):,} products")
            home = furnish(
                Path(folder) / catalogue.name, release=ROOT / "data" / "model", static=True
            )
            rows += measure(home, catalogue, rounds)
    head = ["catalogue", "products", "page", "median ms", "slowest ms", "kB"]
    report = "\n".join([*lines, table(head, rows)])
    say(report)
    (VAR / "bench-pages.md").write_text(report + "\n")


if __name__ == "__main__":
    main(bench)
