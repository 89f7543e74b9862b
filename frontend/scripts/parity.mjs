// Prints what the twin makes of each line, for categorizer/tests/test_twin_parity.py and
// test_twin_hostile.py to compare.
//
//   node parity.mjs words MODEL < texts.jsonl        the canonical text of each JSON string
//   node parity.mjs answers MODEL < products.jsonl   the answer, all labels of it, or the refusal
//   node parity.mjs products MODEL < products.jsonl  features, answer and explanation of each product
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { lines } from "./jsonlines.mjs";
import { loadTwin } from "./twin.mjs";

const [what, path] = process.argv.slice(2);
const data = readFileSync(path ?? "");
const { BadProduct, blocks, explain, fold, load } = await loadTwin();
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

/** @param {Record<string, unknown>} product */
function answer(product) {
  try {
    return model.suggest(product, labels.length);
  } catch (error) {
    if (error instanceof BadProduct) {
      return { error: error.message };
    }
    throw error;
  }
}

/** @type {Record<string, (value: any) => unknown>} */
const WAYS = { words: (text) => fold(text, table), answers: answer, products: everything };
const found = WAYS[what ?? ""];
if (found === undefined) {
  throw new Error(`say one of ${Object.keys(WAYS).join(", ")}`);
}

for await (const line of lines(process.stdin)) {
  if (line.length > 0) {
    process.stdout.write(`${JSON.stringify(found(JSON.parse(line.toString())))}\n`);
  }
}
