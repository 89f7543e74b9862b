// Fails the build when something outgrows what a tablet should have to fetch, or comes from elsewhere.
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const TABLET = "src/tablet/index.tsx";

/** @param {string} name */
const read = (name) => readFileSync(new URL(name, dist));
/** @param {string} name */
const gzip = (name) => gzipSync(read(name), { level: 9 }).length;
/** @param {string} name */
const brotli = (name) => brotliCompressSync(read(name)).length;
/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const manifest = JSON.parse(read("pages/manifest.json").toString());

/**
 * Return the files that an entry loads at once.
 * @param {string} entry
 */
function loadedBy(entry) {
  const seen = new Set();
  const files = new Set();
  const waiting = [entry];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (!seen.has(name)) {
      seen.add(name);
      const { file, css = [], imports = [] } = manifest[name];
      for (const one of [file, ...css]) {
        files.add(`pages/${one}`);
      }
      waiting.push(...imports);
    }
  }
  return [...files];
}

const names = readdirSync(dist, { recursive: true, encoding: "utf8" });
const witness = names.filter((name) => /^pages\/Witness-.+\.js$/.test(name));
const zxing = names.filter((name) => /^pages\/zxing-.+\.js$/.test(name));
const twin = names.filter((name) => /^pages\/assets\/worker-.+\.js$/.test(name));
const antd = names.filter((name) => /^pages\/antd-.+\.js$/.test(name));
// What the worker keeps from the start, without the two small pages that Django renders.
const worker = read("sw.js").toString();
const kept = Array.from(worker.matchAll(/(?<=\/static\/app\/)pages\/[^"'`]+/g), ([name]) => name);

/** @type {[string, number, number][]} */
const sizes = [
  ["The twin (gzip)", gzip("categorizer.js"), 10_000],
  ["The twin in the tablet's worker (gzip)", sum(twin.map(gzip)), 10_000],
  ["The tablet at its start (gzip)", sum(loadedBy(TABLET).map(gzip)), 85_000],
  ["The tablet as a witness (gzip)", sum(witness.map(gzip)), 3_072],
  ["The decoder of the camera (gzip)", sum(zxing.map(gzip)), 16_000],
  ["Ant Design (gzip)", sum(antd.map(gzip)), 145_000],
  ["The service worker (gzip)", gzip("sw.js"), 12_000],
  ["What the service worker keeps (brotli)", sum(kept.map(brotli)), 450_000],
  ["Files that the service worker keeps", kept.length + 2, 25],
];
/** @type {string[]} */
const wrong = [];
for (const [name, size, limit] of sizes) {
  process.stdout.write(`${name}: ${size} of ${limit}\n`);
  if (size > limit) {
    wrong.push(`${name}: ${size} is over the budget of ${limit}.`);
  }
}
if (kept.length === 0 || loadedBy(TABLET).some((name) => !kept.includes(name))) {
  wrong.push("The service worker does not keep everything that the tablet starts with.");
}
for (const name of ["Witness", "work", "care", "scan", "sync"]) {
  const own = names.filter((one) => one.startsWith(`pages/${name}-`) && one.endsWith(".js"));
  if (own.length !== 1 || loadedBy(TABLET).includes(own[0] ?? "")) {
    wrong.push(`${name} is not in a chunk of its own.`);
  }
  if (!own.every((one) => kept.includes(one))) {
    wrong.push(`The service worker does not keep ${name}.`);
  }
}
if (kept.some((name) => /\.wasm$|antd-/.test(name))) {
  wrong.push("The service worker keeps what it should not: WebAssembly or Ant Design.");
}
if (twin.length !== 1 || !twin.every((name) => kept.includes(name))) {
  wrong.push("The service worker does not keep the twin of the tablet.");
}
if (loadedBy(TABLET).some((name) => antd.includes(name))) {
  wrong.push("The tablet loads Ant Design at its start.");
}

// Addresses that name a vocabulary or sit in a message; nothing ever asks them for anything.
const HARMLESS = /^https?:\/\/(www\.w3\.org\/|react\.dev\/|ant\.design|goo\.gle\/|bit\.ly\/wb-)/;
for (const name of names.filter((one) => /\.(js|css)$/.test(one))) {
  for (const [address] of read(name)
    .toString()
    .matchAll(/https?:\/\/\w[^\s"'`)\\]+/g)) {
    if (!HARMLESS.test(address)) {
      wrong.push(`dist/${name} names a foreign address: ${address}`);
    }
  }
}

for (const sentence of wrong) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}
