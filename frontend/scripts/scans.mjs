// Prints what the twin reads in each line, for inventory/tests/test_scanning_twin.py to compare.
//
//   node scans.mjs YEAR < scans.jsonl    one JSON string a line: what a scanner sent
//   node scans.mjs table                 the table of GS1 Application Identifiers
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";
import { lines } from "./jsonlines.mjs";

/**
 * @template T
 * @param {string} path
 */
async function load(path) {
  const file = fileURLToPath(new URL(`../src/scan/${path}`, import.meta.url));
  const { module } = await runnerImport(file, { configFile: false, logLevel: "error" });
  return /** @type {T} */ (module);
}

const [what] = process.argv.slice(2);
if (what === "table") {
  /** @type {typeof import("../src/scan/identifiers.ts")} */
  const { TABLE } = await load("identifiers.ts");
  process.stdout.write(TABLE);
} else {
  /** @type {typeof import("../src/scan/normalize.ts")} */
  const { read } = await load("normalize.ts");
  for await (const line of lines(process.stdin)) {
    if (line.length > 0) {
      const found = read(JSON.parse(line.toString()), Number(what));
      process.stdout.write(`${JSON.stringify(found)}\n`);
    }
  }
}
