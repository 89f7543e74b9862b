// Prints what the twin makes of each line, for categorizer/tests/test_twin_parity.py to compare.
//
//   node parity.mjs words MODEL < texts.jsonl        the canonical text of each JSON string
//   node parity.mjs products MODEL < products.jsonl  features, answer and explanation of each product
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { lines } from "./jsonlines.mjs";
import { loadTwin } from "./twin.mjs";

const [what, path] = process.argv.slice(2);
const data = readFileSync(path ?? "");
const { blocks, explain, fold, load } = await loadTwin();
const model = await load(data, createHash("sha256").update(data).digest("hex"));
const { labels, spec, fold: table } = model.data;

/** @param {Record<string, unknown>} product */
function everything(product) {
  return {
    answer: model.suggest(product, labels.length),
    blocks: blocks(product, spec, table),
    explanation: explain(model, product, labels.at(-1)),
  };
}

for await (const line of lines(process.stdin)) {
  if (line.length > 0) {
    const value = JSON.parse(line.toString());
    const found = what === "words" ? fold(value, table) : everything(value);
    process.stdout.write(`${JSON.stringify(found)}\n`);
  }
}
