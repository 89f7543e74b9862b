// Finds the twin for the scripts: built if it is fresh, from its sources if this Node can run
// TypeScript by itself, and otherwise built now.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const home = new URL("../", import.meta.url);
const sources = new URL("src/categorizer/", home);
const built = new URL("dist/categorizer.js", home);

/** @returns {boolean} */
function isFresh() {
  if (!existsSync(built)) {
    return false;
  }
  const then = statSync(built).mtimeMs;
  const names = readdirSync(sources).filter((name) => name.endsWith(".ts"));
  return names.every((name) => statSync(new URL(name, sources)).mtimeMs <= then);
}

/** @param {string[]} words */
function npm(...words) {
  process.stderr.write(`npm ${words.join(" ")}\n`);
  const done = spawnSync("npm", words, { cwd: fileURLToPath(home), stdio: ["ignore", 2, 2] });
  if (done.status !== 0) {
    throw new Error(
      `The twin could not be built: "npm ${words.join(" ")}" failed in frontend/. ` +
        "Repair that, or use Node 22.18 or newer, which needs no build.",
    );
  }
}

/** @returns {Promise<typeof import("../src/categorizer/index.ts")>} */
export async function loadTwin() {
  if (!isFresh()) {
    if ("typescript" in process.features && process.features.typescript) {
      return import("../src/categorizer/index.ts");
    }
    if (!existsSync(new URL("node_modules/.bin/vite", home))) {
      npm("ci");
    }
    npm("run", "build");
  }
  return import(built.href);
}
