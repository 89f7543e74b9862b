// Times the TypeScript twin. In Node: node benchmarks/twin.mjs MODEL QUESTIONS prints one JSON
// object. A browser imports `timed` from here and brings its own files.

const BATCH = 1000;
const BATCHES = 5;

/**
 * @param {typeof import("../frontend/src/categorizer/index.ts").load} load
 * @param {Uint8Array} bytes
 * @param {string} sha256
 * @param {Record<string, unknown>[]} products
 * @param {number} together how many products one reading of the clock spans; browsers have coarse clocks
 */
export async function timed(load, bytes, sha256, products, together) {
  const begun = performance.now();
  const twin = await load(bytes, sha256);
  const load_ms = performance.now() - begun;
  for (const product of products) {
    twin.suggest(product, 5);
  }
  const times = [];
  for (let from = 0; from + together <= products.length; from += together) {
    const start = performance.now();
    for (let at = from; at < from + together; at += 1) {
      twin.suggest(products[at], 5);
    }
    times.push(((performance.now() - start) * 1000) / together);
  }
  times.sort((a, b) => a - b);
  const rates = [];
  for (let round = 0; round < BATCHES; round += 1) {
    const start = performance.now();
    for (let at = 0; at < BATCH; at += 1) {
      twin.suggest(products[at % products.length], 5);
    }
    rates.push((BATCH * 1000) / (performance.now() - start));
  }
  rates.sort((a, b) => a - b);
  return {
    p50: times[Math.floor(times.length * 0.5)],
    p95: times[Math.floor(times.length * 0.95)],
    batch_per_second: rates[Math.floor(BATCHES / 2)],
    load_ms,
  };
}

if (typeof process !== "undefined") {
  const { createHash } = await import("node:crypto");
  const { readFileSync } = await import("node:fs");
  const { loadTwin } = await import("../frontend/scripts/twin.mjs");
  const [model, questions] = process.argv.slice(2);
  const bytes = readFileSync(model);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const products = JSON.parse(readFileSync(questions, "utf8"));
  const { load } = await loadTwin();
  const found = await timed(load, bytes, sha256, products, 1);
  const resident_mb = process.memoryUsage.rss() / 2 ** 20;
  process.stdout.write(`${JSON.stringify({ ...found, resident_mb })}\n`);
}
