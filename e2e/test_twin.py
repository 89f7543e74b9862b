"""The TypeScript twin in a real browser gives the same whole numbers as Python."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from categorizer.model import load
from e2e.conftest import RELEASE
from tools.console import ROOT

VECTORS = ROOT / "frontend" / "src" / "categorizer" / "vectors"
SAMPLE = ROOT / "data" / "raw" / "products.csv"
PRODUCTS = 300

# Both ways to run the twin answer a list of products with a list of answers. The files come from
# the page's own origin: vectors hold lone surrogates, which survive JSON.parse but not every pipe.
IN_THE_PAGE = """
async ({ sha256, model, products }) => {
  const { load } = await import("/static/app/categorizer.js");
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const twin = await load(bytes, sha256);
  const asked = await (await fetch(products)).json();
  return JSON.stringify(asked.map((product) => twin.suggest(product, 5)));
}
"""
IN_A_WORKER = """
async ({ sha256, model, products }) => {
  const worker = new Worker("/static/app/worker.js", { type: "module" });
  const ask = (message) => new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the worker is silent")), 20_000);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage(message);
  });
  const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
  const loaded = await ask({ id: 1, model: bytes, sha256 });
  if (loaded.error) throw new Error(loaded.error);
  const asked = await (await fetch(products)).json();
  const { answers, error } = await ask({ id: 2, products: asked, top: 5 });
  worker.terminate();
  if (error) throw new Error(error);
  return JSON.stringify(answers);
}
"""


def asked_of_the_twin(page: Page, script: str, *, model: Path, products: list[Any]) -> Any:
    """Run one of the scripts on a page of the site and return the answers."""
    data = model.read_bytes()

    def send_model(route: Route) -> None:
        route.fulfill(body=data, content_type="application/octet-stream")

    def send_products(route: Route) -> None:
        route.fulfill(body=json.dumps(products), content_type="application/json")

    page.route("**/test/model", send_model)
    page.route("**/test/products", send_products)
    page.goto("/")
    files = {"model": "/test/model", "products": "/test/products"}
    told = page.evaluate(script, {"sha256": hashlib.sha256(data).hexdigest(), **files})
    return json.loads(told)


@pytest.mark.parametrize("script", [IN_THE_PAGE, IN_A_WORKER], ids=["page", "worker"])
def test_it_answers_the_shared_vectors_to_the_last_digit(page: Page, script: str) -> None:
    vectors = json.loads((VECTORS / "vectors.json").read_bytes())
    products = [vector["product"] for vector in vectors["answers"]]
    told = asked_of_the_twin(page, script, model=VECTORS / "tiny.safetensors", products=products)
    expected = [vector["answer"] for vector in vectors["answers"]]
    differing = [
        (product, mine, theirs)
        for product, mine, theirs in zip(products, expected, told, strict=True)
        if {**mine, "suggestions": mine["suggestions"][:5]} != theirs
    ]
    assert differing == []


def test_it_answers_like_the_server_with_the_model_that_is_live(page: Page) -> None:
    model = RELEASE / "model.safetensors"
    data = model.read_bytes()
    categorizer = load(data, sha256=hashlib.sha256(data).hexdigest())
    fields = (*categorizer.text_fields, *categorizer.number_fields)
    with SAMPLE.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    # Spread over the file, whose neighbours are alike.
    chosen = rows[:: max(1, len(rows) // PRODUCTS)]
    products = [{field: row[field] for field in fields if row[field]} for row in chosen]
    told = asked_of_the_twin(page, IN_THE_PAGE, model=model, products=products)
    expected = [
        {
            "matched": answer.matched,
            "suggestions": [
                {"label": one.label, "score": one.score, "confidence_ppm": one.confidence_ppm}
                for one in answer.suggestions
            ],
        }
        for answer in categorizer.suggest_many(products)
    ]
    assert told == expected
