import "fake-indexeddb/auto";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { amend, discard, enqueue, exported } from "../outbox.ts";
import { Store } from "../store.ts";
import { flush } from "../sync.ts";
import { create, edit, FakeServer, product } from "./server.ts";

const UUID = "01890a5d-ac96-774b-bcce-b302099a8057";
const NOW = new Date("2026-11-20T14:02:00Z");
let people = 200;
let store: Store;
let server: FakeServer;

beforeEach(() => {
  people += 1;
  store = new Store(people);
  server = new FakeServer();
  server.person = people;
  vi.stubGlobal("fetch", server.fetch);
});

afterEach(() => {
  store.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const named = (name: string) => ({ set: { name }, base: {} });

/** Leave a change whose outcome nobody knows; it was sent at NOW. */
async function unknown(isThere: boolean): Promise<string> {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  const { id } = await enqueue(store, edit(1, "A"));
  server.faults = [isThere ? "lost" : "cut"];
  await flush(store);
  return id;
}

test("what was kept is still there in another page", async () => {
  const made = await enqueue(store, edit(1, "A"));
  const other = new Store(people);
  expect(await other.changes()).toMatchObject([
    { id: made.id, seq: made.seq, status: "waiting", attempts: 0, person: people },
  ]);
  other.close();
});

test("it is kept once the disk says so, and not before", async () => {
  await store.counts(); // opens
  const original = IDBDatabase.prototype.transaction;
  let isComplete = false;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementationOnce(function (
    this: IDBDatabase,
    ...given
  ) {
    const transaction = original.apply(this, given);
    transaction.addEventListener("complete", () => {
      isComplete = given[2]?.durability === "strict";
    });
    return transaction;
  });
  await enqueue(store, edit(1, "A"));
  expect(isComplete).toBe(true);
});

test("a tablet that is full says so, and loses nothing that was there", async () => {
  await enqueue(store, edit(1, "A"));
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
    throw new DOMException("There is no room.", "QuotaExceededError");
  });
  await expect(enqueue(store, edit(1, "B"))).rejects.toMatchObject({ name: "QuotaExceededError" });
  vi.restoreAllMocks();
  expect((await store.changes()).map(({ payload }) => payload)).toEqual([named("A")]);
});

test("a connection that is lost while a change is kept is opened again, once", async () => {
  await store.counts();
  const original = IDBDatabase.prototype.transaction;
  let failures = 1;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (
    this: IDBDatabase,
    ...given
  ) {
    if (failures > 0) {
      failures -= 1;
      throw new DOMException(
        "Connection to Indexed Database server lost. Refresh the page to try again",
        "UnknownError",
      );
    }
    return original.apply(this, given);
  });
  await enqueue(store, edit(1, "A"));
  failures = 2;
  await expect(enqueue(store, edit(1, "B"))).rejects.toThrow("Connection to Indexed Database");
  vi.restoreAllMocks();
  expect((await store.changes()).length).toBe(1);
});

test("the same change given twice is kept once", async () => {
  const change = { ...edit(1, "A"), id: UUID };
  const [first, second] = [await enqueue(store, change), await enqueue(store, change)];
  expect(second.seq).toBe(first.seq);
  expect((await store.changes()).length).toBe(1);
});

test("what waits covers what the server said, until it is taken back", async () => {
  await store.keepProducts([product(1)], NOW);
  const { id } = await enqueue(store, edit(1, "Mine"));
  expect(await store.shown({ id: 1 })).toMatchObject({
    product: { name: "Mine" },
    waiting: [{ id }],
  });
  expect((await store.find("mine")).length).toBe(1);
  expect((await store.find("product")).length).toBe(0);
  expect(await discard(store, id)).toBe("discarded");
  expect((await store.shown({ id: 1 }))?.product.name).toBe("Product 1");
  expect((await store.find("product")).length).toBe(1);
});

test("what waits and was never sent can be put differently, under the same name", async () => {
  const { id, seq } = await enqueue(store, edit(1, "A"));
  expect(await amend(store, id, named("B"))).toBe("amended");
  expect(await store.changes()).toMatchObject([{ id, seq, payload: named("B") }]);
});

test("what the server has cannot be taken back", async () => {
  const { id } = await enqueue(store, edit(1, "A"));
  await flush(store);
  expect(await discard(store, id)).toBe("sent");
  expect(await amend(store, id, named("B"))).toBe("sent");
  expect((await store.changes("sent")).length).toBe(1);
});

test("while an attempt may still be on its way, nobody takes it back", async () => {
  const id = await unknown(false);
  vi.setSystemTime(NOW.getTime() + 59_000);
  expect(await discard(store, id)).toBe("unknown");
  vi.setSystemTime(NOW.getTime() + 61_000);
  expect(await discard(store, id)).toBe("discarded");
  expect(await store.changes()).toEqual([]);
});

test("an attempt whose answer was lost turns out to have arrived", async () => {
  const id = await unknown(true);
  vi.setSystemTime(NOW.getTime() + 61_000);
  expect(await amend(store, id, named("B"))).toBe("sent");
  expect(await store.changes()).toMatchObject([{ id, status: "sent", payload: named("A") }]);
});

test.each([
  ["nobody answers", () => vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no")))],
  ["somebody else is signed in", () => (server.person = 1)],
])("as long as %s, an attempt stays", async (_, happen) => {
  const id = await unknown(false);
  vi.setSystemTime(NOW.getTime() + 61_000);
  happen();
  expect(await discard(store, id)).toBe("unknown");
  expect((await store.changes("waiting")).length).toBe(1);
});

test("what was refused is made anew in its old place, before what waits behind it", async () => {
  server.poison = { BAD: "rejected" };
  const first = await enqueue(store, create(UUID, "BAD"));
  await enqueue(store, { ...edit(0, "after"), product: { uuid: UUID } });
  await flush(store);
  expect(await store.shown({ uuid: UUID })).toMatchObject({
    product: { sku: "BAD", name: "after" },
    troubled: [{ id: first.id }],
    waiting: [{ label: "Product 0" }],
  });
  const payload = { fields: { sku: "GOOD", name: "GOOD" }, category: null };
  expect(await amend(store, first.id, payload)).toBe("amended");
  expect(await store.counts()).toEqual({ waiting: 2, conflict: 0, refused: 0 });
  await flush(store);
  const [again, after] = server.effects;
  expect(again).toMatchObject({ resolves: first.id, seq: first.seq, payload });
  expect(again?.id).not.toBe(first.id);
  expect(after?.payload).toEqual(named("after"));
});

test("the file of what waits says so if somebody changed it", async () => {
  await enqueue(store, edit(1, "A"));
  const { format, sha256, sealed } = JSON.parse(await (await exported(store)).text());
  expect(format).toBe("shelfmark-outbox/1");
  expect(createHash("sha256").update(sealed).digest("hex")).toBe(sha256);
  expect(JSON.parse(sealed)).toMatchObject({
    person: people,
    changes: [{ kind: "product.edit", payload: named("A") }],
  });
});
