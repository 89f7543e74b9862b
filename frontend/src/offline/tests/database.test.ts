import "fake-indexeddb/auto";
import { type IDBPDatabase, openDB } from "idb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { databaseCondition, nameOf } from "../database.ts";
import { enqueue } from "../outbox.ts";
import { Store } from "../store.ts";
import { edit, product } from "./server.ts";

let people = 400;
let store: Store;

beforeEach(() => {
  people += 1;
  store = new Store(people);
});

afterEach(() => store.close());

/** Open a database as the version before made it. */
function before(): Promise<IDBPDatabase> {
  return openDB(nameOf(people), 1, {
    upgrade(made) {
      const products = made.createObjectStore("products", { keyPath: "id" });
      products.createIndex("sku", "sku");
      products.createIndex("gtin", "gtin");
      products.createIndex("openedAt", "openedAt");
      made.createObjectStore("predictions", { keyPath: "productId" });
    },
  });
}

test("what the version before had kept is still there, and can be found", async () => {
  const old = await before();
  const row = { id: 1, product: product(1), words: "sf-1 product 1", sku: "sf-1", gtin: "" };
  await old.put("products", { ...row, storedAt: "then", openedAt: "then" });
  await old.put("predictions", { productId: 1, answer: { id: "receipt" }, storedAt: "then" });
  old.close();

  expect((await store.find("product"))[0]).toMatchObject({ ref: { id: 1 }, openedAt: "then" });
  expect((await store.exact("SF-1"))?.ref).toEqual({ id: 1 });
  expect((await store.prediction(1))?.answer.id).toBe("receipt");
  await enqueue(store, edit(1, "A"));
  expect((await store.counts()).waiting).toBe(1);
});

test("an old tab lets a newer page upgrade, and says that it has to be reloaded", async () => {
  await store.keepProducts([product(1)], new Date());
  const newer = await openDB(store.name, 3);
  expect(databaseCondition()).toBe("outdated");
  await expect(store.count()).rejects.toMatchObject({ name: "VersionError" });
  expect(databaseCondition()).toBe("outdated");
  newer.close();
});

test("a page that another tab holds up says so, and goes on when that tab is gone", async () => {
  const stubborn = await before();
  const counting = store.count();
  while (databaseCondition() !== "blocked") {
    await new Promise((resolve) => setTimeout(resolve));
  }
  stubborn.close();
  expect(await counting).toBe(0);
  expect(databaseCondition()).toBe("fine");
});

test("a connection that was closed under our hands is opened again", async () => {
  await store.keepProducts([product(1)], new Date());
  await store.use(async (connection) => connection.close());
  expect(await store.count()).toBe(1);
});

test("what breaks off in the middle of writing leaves nothing behind", async () => {
  const writing = store.write(["products"], async ({ store: rows }) => {
    await rows.put({ id: 1 } as never);
    throw new Error("A fault in the program.");
  });
  await expect(writing).rejects.toThrow("A fault in the program.");
  expect(await store.count()).toBe(0);
});

test("another tab hears what was written, and its search knows it", async () => {
  const other = new Store(people);
  await store.keepProducts([product(1)], new Date());
  expect((await other.find("")).length).toBe(1);
  const heard = new Promise<void>((resolve) => other.subscribe(() => resolve()));
  await store.keepProducts([product(2), product(1, { version: 2, name: "Other" })], new Date());
  await heard;
  expect((await other.find("")).map((one) => one.product.name)).toEqual(["Other", "Product 2"]);
  await store.drop(2);
  while ((await other.find("")).length > 1) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  other.close();
});

test("a database that somebody signed out of is not made anew by whoever asks late", async () => {
  await store.keepProducts([product(1)], new Date());
  store.close();
  await new Promise((resolve) => {
    indexedDB.deleteDatabase(store.name).onsuccess = resolve;
  });
  await expect(store.count()).rejects.toMatchObject({ name: "InvalidStateError" });
  expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain(store.name);
});
