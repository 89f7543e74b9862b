// Fails the build when a bundle outgrows what a tablet should have to fetch.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const budgets = { "categorizer.js": 10_000 };

for (const [name, limit] of Object.entries(budgets)) {
  const bytes = gzipSync(readFileSync(new URL(`../dist/${name}`, import.meta.url)), { level: 9 });
  process.stdout.write(`${name}: ${bytes.length} of ${limit} bytes gzip\n`);
  if (bytes.length > limit) {
    process.stderr.write(`${name} is over its budget. Make it smaller, or say why in README.md.\n`);
    process.exitCode = 1;
  }
}
