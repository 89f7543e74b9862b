import "fake-indexeddb/auto";
import { openDB } from "idb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Suggested } from "../../api/types.ts";
import { Store } from "../store.ts";
import { product } from "./server.ts";

const NOW = new Date("2026-11-20T14:02:00Z");
let people = 0;
let store: Store;

const ids = (found: readonly { id: number }[]) => found.map((one) => one.id);

beforeEach(() => {
  people += 1;
  store = new Store(people);
});

afterEach(() => store.close());

test("what was kept is found again by its number", async () => {
  await store.keepProducts([product(1, { name: "Hammer" })], NOW);
  expect(await store.product(1)).toMatchObject({
    product: { name: "Hammer" },
    storedAt: NOW.toISOString(),
  });
  expect(await store.product(2)).toBeUndefined();
  expect(await store.count()).toBe(1);
});

test("an answer that was overtaken on the way does not undo a newer one", async () => {
  await store.keepProducts([product(1, { name: "New", version: 3 })], NOW);
  await store.keepProducts([product(1, { name: "Old", version: 2 })], NOW);
  expect((await store.product(1))?.product.name).toBe("New");
});

test("a search wants every word, in any order, in small or capital letters", async () => {
  await store.keepProducts(
    [
      product(1, { name: "Claw Hammer", brand: "Korvand" }),
      product(2, { name: "Hammer drill" }),
      product(3, { name: "Ｗｉｄｅ box" }),
    ],
    NOW,
  );
  const found = async (text: string) => (await store.find(text)).map((one) => one.product.id);
  expect(await found("HAMMER")).toEqual([1, 2]);
  expect(await found("korvand hammer")).toEqual([1]);
  expect(await found("hammer saw")).toEqual([]);
  expect(await found("wide")).toEqual([3]);
  expect(await found("")).toEqual([1, 2, 3]);
});

test("a code finds the product that has exactly this SKU or barcode", async () => {
  await store.keepProducts(
    [product(1, { sku: "AB-1" }), product(2, { sku: "AB-12", gtin: "4006381333931" })],
    NOW,
  );
  expect((await store.exact("ab-1"))?.ref).toEqual({ id: 1 });
  expect((await store.exact("4006381333931"))?.ref).toEqual({ id: 2 });
  expect((await store.exact("04006381333931"))?.ref).toEqual({ id: 2 });
  expect(await store.exact("AB")).toBeUndefined();
  expect(await store.exact("")).toBeUndefined();
});

test("the products last opened come first, and those never opened not at all", async () => {
  await store.keepProducts([product(1), product(2), product(3)], NOW);
  await store.opened(3, new Date(NOW.getTime() + 1));
  await store.opened(1, new Date(NOW.getTime() + 2));
  expect(ids(await store.recent(10))).toEqual([1, 3]);
  expect(ids(await store.recent(1))).toEqual([1]);
});

test("a new answer about a product does not forget that it was opened", async () => {
  await store.keepProducts([product(1)], NOW);
  await store.opened(1, NOW);
  await store.keepProducts([product(1, { version: 2 })], NOW);
  expect(ids(await store.recent(10))).toEqual([1]);
});

test("a product that is gone takes its prediction with it", async () => {
  await store.keepProducts([product(1)], NOW);
  await store.keepPrediction(1, { id: "receipt" } as Suggested, NOW);
  expect((await store.prediction(1))?.answer.id).toBe("receipt");
  await store.drop(1);
  expect(await store.product(1)).toBeUndefined();
  expect(await store.prediction(1)).toBeUndefined();
});

test("the model held here is the live one whose answer came last", async () => {
  expect(await store.modelHeld()).toBeNull();
  const at = (minute: number) => new Date(NOW.getTime() + minute * 60_000);
  const answers = [
    ["live", "older"],
    ["live", "newer"],
    ["canary", "canary"],
    ["rules", null],
  ] as const;
  for (const [minute, [decision_path, model]] of answers.entries()) {
    const answer = { decision_path, model } as Suggested;
    // Under keys that run backwards: what counts is when it came.
    await store.keepPrediction(9 - minute, answer, at(minute));
  }
  expect(await store.modelHeld()).toBe("newer");
});

test("nobody reads what was kept for somebody else", async () => {
  await store.keepProducts([product(1)], NOW);
  const other = new Store(people + 1000);
  expect(await other.product(1)).toBeUndefined();
  other.close();
});

test("whoever listens hears of a change once it is kept, until they stop", async () => {
  const heard = vi.fn();
  const stop = store.subscribe(heard);
  await store.keepProducts([product(1)], NOW);
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
  await store.keepProducts([product(2)], NOW);
  expect(heard).toHaveBeenCalledTimes(1);
});

test("a page with a newer version of the database is not held up", async () => {
  await store.keepProducts([product(1)], NOW);
  const newer = await openDB(store.name, 3);
  expect(newer.version).toBe(3);
  newer.close();
});
