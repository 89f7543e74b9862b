// Suggests labels for products: node frontend/scripts/suggest.mjs MODEL --top 5 < products.jsonl
//
// One JSON object a line in and out, byte for byte what `python -m categorizer suggest` prints.
// The exit code is 1 if some line could not be read and 2 if nothing could be done.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { answers } from "./jsonlines.mjs";
import { loadTwin } from "./twin.mjs";

const MAX_TOP = 1000;
const AT_ONCE = 65_536;

/** @returns {{ path: string, top: number }} */
function readArguments() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { top: { type: "string", default: "5" } },
  });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) {
    throw new Error("name one model file: suggest.mjs MODEL --top 5 < products.jsonl");
  }
  const top = /^[0-9]{1,4}$/.test(values.top) ? Number(values.top) : 0;
  if (top < 1 || top > MAX_TOP) {
    throw new Error(`--top must be between 1 and ${MAX_TOP}`);
  }
  return { path, top };
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { path, top } = readArguments();
  const data = readFileSync(path);
  const { BadProduct, load } = await loadTwin();
  const model = await load(data, createHash("sha256").update(data).digest("hex"));
  let code = 0;
  let waiting = "";
  const suggest = (/** @type {Record<string, unknown>} */ product) => model.suggest(product, top);
  for await (const { json, isAnswer } of answers(process.stdin, suggest, BadProduct)) {
    code = isAnswer ? code : 1;
    waiting += `${json}\n`;
    if (waiting.length > AT_ONCE) {
      if (!process.stdout.write(waiting)) {
        await once(process.stdout, "drain");
      }
      waiting = "";
    }
  }
  process.stdout.write(waiting);
  return code;
}

process.stdout.on("error", (error) => {
  // Whoever reads the answers has seen enough.
  process.exit("code" in error && error.code === "EPIPE" ? 0 : 2);
});
try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`suggest: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
