import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { blocks, keyOf } from "../features.ts";
import { type Answer, BadProduct, explain, load, type Product } from "../index.ts";
import { textOf, words } from "../text.ts";

interface Vectors {
  readonly sha256: string;
  readonly words: readonly { readonly text: string; readonly words: readonly string[] }[];
  readonly answers: readonly {
    readonly answer: Answer;
    readonly product: Product;
    readonly keys: readonly (readonly number[])[] | null;
  }[];
}

const FOLDER = new URL("../vectors/", import.meta.url);
const DATA = readFileSync(new URL("tiny.safetensors", FOLDER));
const VECTORS: Vectors = JSON.parse(readFileSync(new URL("vectors.json", FOLDER), "utf8"));
const MODEL = await load(DATA, VECTORS.sha256);

test("every text has the words that Python found", () => {
  expect(VECTORS.words.length).toBeGreaterThan(10);
  for (const { text, words: expected } of VECTORS.words) {
    expect(words(text, MODEL.data.fold).map(textOf)).toEqual(expected);
  }
});

test("every product has the features that Python found", () => {
  const known = VECTORS.answers.filter(({ keys }) => keys !== null);
  expect(known.length).toBeGreaterThan(30);
  for (const { product, keys } of known) {
    expect(
      blocks(product, MODEL.data.spec, MODEL.data.fold).map((each) => each.map(keyOf)),
    ).toEqual(keys);
  }
});

test("every product has the answer that Python gave, to the byte", () => {
  for (const { product, answer } of VECTORS.answers) {
    expect(JSON.stringify(MODEL.suggest(product))).toBe(JSON.stringify(answer));
  }
});

test("the features that spoke add up to the score that was given", () => {
  for (const { product } of VECTORS.answers) {
    for (const { label, score } of MODEL.suggest(product, 3).suggestions) {
      const { bias, contributions, score: explained } = explain(MODEL, product, label);
      expect(explained).toBe(score);
      expect(contributions.reduce((sum, { amount }) => sum + amount, bias)).toBe(score);
    }
  }
});

test("an explanation names the field, the kind and the words", () => {
  const { label, contributions } = explain(MODEL, { name: "cordless drill 18V", width_mm: 3 });
  expect(label).toBe("Tools > Drills");
  const [strongest] = contributions;
  expect(strongest?.amount).toBeGreaterThan(0);
  expect(contributions).toContainEqual(
    expect.objectContaining({ field: "name", kind: "word", text: "drill" }),
  );
  expect(() => explain(MODEL, {}, "no such label")).toThrow(RangeError);
});

test.each([
  [{ name: 1 }, "name: must be text"],
  [{ description: ["drill"] }, "description: must be text"],
  [{ width_mm: true }, "width_mm: must be a number"],
  [{ width_mm: "1,5" }, "width_mm: must be a number"],
  [{ width_mm: "0x10" }, "width_mm: must be a number"],
  [{ width_mm: "१२" }, "width_mm: must be a number"],
  [{ width_mm: "Infinity" }, "width_mm: must be a number"],
  [{ width_mm: "1e999" }, "width_mm: is too large"],
  [{ width_mm: Number.NaN }, "width_mm: must be a finite number"],
  [{ width_mm: Number.NEGATIVE_INFINITY }, "width_mm: is too large"],
])("%o cannot be read", (product, message) => {
  expect(() => MODEL.suggest(product)).toThrow(BadProduct);
  expect(() => MODEL.suggest(product)).toThrow(message);
});

test("a product that cannot be read leaves nothing behind for the next", () => {
  const product = { name: "hammer" };
  const before = MODEL.suggest(product);
  expect(() => MODEL.suggest({ name: "drill drill", width_mm: "?" })).toThrow(BadProduct);
  expect(MODEL.suggest(product)).toEqual(before);
});

test("only what a product says itself counts, not what every object has", () => {
  const inherited = Object.create({ name: "hammer" });
  expect(MODEL.suggest(inherited)).toEqual(MODEL.suggest({}));
});

test("another digest is refused, and so are changed bytes", async () => {
  const changed = new Uint8Array(DATA);
  changed[changed.length - 1] = 0;
  await expect(load(changed, VECTORS.sha256)).rejects.toThrow("expected");
  await expect(load(DATA, "0".repeat(64))).rejects.toThrow("expected");
});

test("a platform without its own SHA-256 can bring one", async () => {
  const model = await load(DATA, VECTORS.sha256, async (bytes) => {
    const hash = createHash("sha256").update(bytes).digest();
    return new Uint8Array(hash).buffer;
  });
  expect(model.sha256).toBe(VECTORS.sha256);
});

test("what is done to the bytes after the call does not reach the model", async () => {
  const bytes = new Uint8Array(DATA);
  const loading = load(bytes, VECTORS.sha256);
  bytes.fill(0);
  expect((await loading).suggest({ name: "hammer" })).toEqual(MODEL.suggest({ name: "hammer" }));
});
