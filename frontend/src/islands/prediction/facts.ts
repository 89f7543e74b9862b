import type { Product } from "../../api/types.ts";
import { moment } from "../../ui/words.ts";

const SOURCES: Record<Product["category_source"], string> = {
  person: "by a person",
  model: "by a model",
  import: "by an import",
  "": "by nobody",
};

/** Write into the page, whose facts Django rendered, what a decision has changed. */
export function showFacts(page: ParentNode, product: Product): void {
  const facts: Record<string, string> = {
    category: product.category ?? "Nobody has said yet.",
    source: SOURCES[product.category_source],
    version: String(product.version),
    changed: moment(product.updated_at),
  };
  for (const element of page.querySelectorAll<HTMLElement>("[data-fact]")) {
    const text = facts[element.dataset.fact ?? ""];
    if (text !== undefined) {
      element.textContent = text;
    }
  }
}

/** Turn the moments that Django wrote in UTC into those of the clock on the wall. */
export function showLocalTimes(page: ParentNode): void {
  for (const element of page.querySelectorAll("time")) {
    element.textContent = moment(element.dateTime);
  }
}
