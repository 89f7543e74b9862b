import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Result } from "../changes.ts";
import { discard, enqueue } from "../outbox.ts";
import { settle } from "../settle.ts";
import { Store } from "../store.ts";
import { flush } from "../sync.ts";
import { create, edit, FakeServer, type Fault, json, product, UNKNOWN } from "./server.ts";

const UUID = "01890a5d-ac96-774b-bcce-b302099a8057";
let people = 100;
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
  vi.unstubAllGlobals();
});

const states = async () => (await store.changes()).map(({ status }) => status);
const names = () => server.effects.map((one) => (one.payload.set as { name: string }).name);

test("what waits is sent in the order in which it was made", async () => {
  await store.keepProducts([product(1)], new Date());
  for (const name of ["A", "B", "C"]) {
    await enqueue(store, edit(1, name));
  }
  expect(await flush(store)).toMatchObject({ state: "done", sent: 3, left: 0 });
  expect(names()).toEqual(["A", "B", "C"]);
  expect(await states()).toEqual(["sent", "sent", "sent"]);
  expect((await store.shown({ id: 1 }))?.product).toMatchObject({ name: "C", version: 3 });
});

test("without anything that waits nobody is asked anything", async () => {
  expect((await flush(store)).state).toBe("done");
  expect(server.asked).toEqual([]);
});

test("a product made here is known by its number as soon as the server has given it one", async () => {
  await enqueue(store, create(UUID, "NEW"));
  expect((await store.shown({ uuid: UUID }))?.product).toMatchObject({ id: 0, sku: "NEW" });
  await flush(store);
  expect(await store.alias(UUID)).toBe(1000);
  expect((await store.shown({ uuid: UUID }))?.ref).toEqual({ id: 1000 });
  expect((await store.recent(5)).map(({ id }) => id)).toEqual([1000]);
});

describe.each(UNKNOWN)("an answer that is %s", (fault: Fault) => {
  test("leaves everything in the queue, and the next attempt does it once", async () => {
    const made = [];
    for (const [index, name] of ["A", "B", "C"].entries()) {
      made.push(await enqueue(store, edit(index + 1, name)));
    }
    server.faults = [fault];
    expect(await flush(store)).toMatchObject({ state: "unreachable", left: 3 });
    const waiting = await store.changes("waiting");
    expect(waiting.map(({ id, attempts }) => [id, attempts])).toEqual(
      made.map(({ id }) => [id, 1]),
    );
    expect(await flush(store)).toMatchObject({ state: "done", sent: 3, left: 0 });
    expect(names()).toEqual(["A", "B", "C"]);
  });
});

test("a push that is sent elsewhere asks for a sign-in and keeps everything", async () => {
  await enqueue(store, edit(1, "A"));
  server.faults = ["elsewhere"];
  expect(await flush(store)).toMatchObject({ state: "auth", left: 1 });
  expect(names()).toEqual([]);
});

test.each([null, 1])("with %s signed in instead, nothing leaves the tablet", async (person) => {
  await enqueue(store, edit(1, "A"));
  server.person = person;
  expect(await flush(store)).toMatchObject({ state: "auth", left: 1 });
  expect(server.asked.filter((one) => one.startsWith("POST"))).toEqual([]);
  expect((await store.changes())[0]?.attempts).toBe(0);
});

test("a session that ends on the way asks for a sign-in", async () => {
  await enqueue(store, edit(1, "A"));
  server.refusals = [json({ code: "not_authenticated" }, 401)];
  expect(await flush(store)).toMatchObject({ state: "auth", left: 1 });
});

test("somebody else who signs in between gets nothing of it", async () => {
  const { id } = await enqueue(store, edit(1, "A"));
  const result = { id, status: "rejected", code: "actor_mismatch", was: null, product: null };
  server.refusals = [json({ results: [result] })];
  expect(await flush(store)).toMatchObject({ state: "auth", left: 1 });
  expect(await states()).toEqual(["waiting"]);
});

test("a token that is too old is replaced without a word, once", async () => {
  await enqueue(store, edit(1, "A"));
  const refused = () => json({ code: "csrf_failed" }, 403);
  server.refusals = [refused()];
  expect(await flush(store)).toMatchObject({ state: "done", sent: 1 });
  await enqueue(store, edit(1, "B"));
  server.refusals = [refused(), refused()];
  expect(await flush(store)).toMatchObject({ state: "later", left: 1 });
});

test("a server that asks for patience gets it, also from an impatient finger", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-20T14:02:00Z") });
  await enqueue(store, edit(1, "A"));
  server.refusals = [json({ code: "busy" }, 503, { "Retry-After": "20" })];
  expect(await flush(store)).toMatchObject({ state: "later", pauseMs: 20_000 });
  const asked = server.asked.length;
  vi.setSystemTime(new Date("2026-11-20T14:02:19Z"));
  expect(await flush(store)).toMatchObject({ state: "later", pauseMs: 1000 });
  expect(server.asked.length).toBe(asked);
  vi.setSystemTime(new Date("2026-11-20T14:02:21Z"));
  expect(await flush(store)).toMatchObject({ state: "done", sent: 1 });
});

test("one change that cannot be holds up no other product, only its own", async () => {
  server.poison = { BAD: "rejected", FOUGHT: "conflict" };
  for (const [id, name] of [
    [1, "A"],
    [2, "BAD"],
    [2, "after"],
    [3, "FOUGHT"],
    [3, "after"],
    [4, "Z"],
  ] as const) {
    await enqueue(store, edit(id, name));
  }
  expect(await flush(store)).toMatchObject({ state: "done", sent: 2, left: 2 });
  expect(await states()).toEqual(["sent", "refused", "waiting", "conflict", "waiting", "sent"]);
  const [, refused, held] = await store.changes();
  expect(refused?.result).toMatchObject({ code: "invalid", detail: "That cannot be." });
  // The server did not keep what it held, so that it can still be taken back.
  expect(held?.attempts).toBe(0);
  expect(await flush(store)).toMatchObject({ state: "done", sent: 0, left: 2 });
  expect(names()).toEqual(["A", "Z"]);

  const [, , , fought] = await store.changes();
  await enqueue(store, {
    kind: "conflict.dismiss",
    product: { id: 3 },
    payload: {},
    baseVersion: 1,
    label: "",
    resolves: fought?.id ?? "",
  });
  expect((await store.counts()).conflict).toBe(0);
  await discard(store, refused?.id ?? "");
  expect(await flush(store)).toMatchObject({ state: "done", left: 0 });
  expect(server.effects.map(({ kind, payload }) => [kind, payload.set])).toEqual([
    ["product.edit", { name: "A" }],
    ["product.edit", { name: "Z" }],
    ["product.edit", { name: "after" }],
    ["conflict.dismiss", undefined],
    ["product.edit", { name: "after" }],
  ]);
});

test("a batch that is refused as a whole loses only what is wrong with it", async () => {
  for (const [index, name] of ["A", "B", "MALFORMED", "D", "E"].entries()) {
    await enqueue(store, edit(index + 1, name));
  }
  server.breaks = { MALFORMED: 400 };
  expect(await flush(store)).toMatchObject({ state: "done", sent: 4, left: 0 });
  expect(await states()).toEqual(["sent", "sent", "refused", "sent", "sent"]);
  expect(names().sort()).toEqual(["A", "B", "D", "E"]);
});

test("a change at which the server breaks waits, and the others go past it", async () => {
  for (const [id, name] of [
    [1, "A"],
    [2, "CRASH"],
    [2, "after"],
    [3, "C"],
  ] as const) {
    await enqueue(store, edit(id, name));
  }
  server.breaks = { CRASH: 500 };
  expect(await flush(store)).toMatchObject({ state: "later", sent: 2, left: 2 });
  expect(names().sort()).toEqual(["A", "C"]);
  server.breaks = {};
  expect(await flush(store)).toMatchObject({ state: "done", left: 0 });
  expect(names().slice(2)).toEqual(["CRASH", "after"]);
});

test("what the server puts off is sent again later", async () => {
  await enqueue(store, edit(1, "BUSY"));
  await enqueue(store, edit(2, "B"));
  server.poison = { BUSY: "deferred" };
  expect(await flush(store)).toMatchObject({ state: "later", sent: 1, left: 1 });
  server.poison = {};
  expect(await flush(store)).toMatchObject({ state: "done", left: 0 });
  expect(names()).toEqual(["B", "BUSY"]);
});

test("two that want to send at once do not send anything twice", async () => {
  for (let id = 1; id <= 5; id += 1) {
    await enqueue(store, edit(id, String(id)));
  }
  const other = new Store(people);
  const told = await Promise.all([flush(store), flush(other)]);
  expect(told.map(({ state }) => state).sort()).toEqual(["busy", "done"]);
  expect(server.batches.flat().length).toBe(5);
  other.close();
});

test("a batch has at most fifty changes and 256 kilobytes", async () => {
  for (let index = 0; index < 60; index += 1) {
    await enqueue(store, edit(index + 1, `${index}`));
  }
  await flush(store);
  expect(server.batches.map((one) => one.length)).toEqual([50, 10]);
  server.batches = [];
  for (let index = 0; index < 5; index += 1) {
    await enqueue(store, edit(index + 1, "x".repeat(100_000)));
  }
  await flush(store);
  expect(server.batches.map((one) => one.length)).toEqual([2, 2, 1]);
});

test("an older state of a product does not replace a newer one", async () => {
  await store.keepProducts([product(1, { version: 9, name: "Newest" })], new Date());
  await enqueue(store, edit(1, "A"));
  await flush(store);
  expect((await store.product(1))?.product.name).toBe("Newest");
});

test("a product that was deleted meanwhile does not come back with a late answer", async () => {
  await store.keepProducts([product(1)], new Date());
  await enqueue(store, edit(1, "A"));
  await store.drop(1);
  expect(await flush(store)).toMatchObject({ state: "done", sent: 1 });
  expect(await store.product(1)).toBeUndefined();
});

test("what is settled stays settled, whatever a late answer says", async () => {
  const { id } = await enqueue(store, edit(1, "A"));
  await flush(store);
  const late = { ...(server.known.get(id) as Result), status: "conflict" as const };
  expect(await settle(store, [late], new Date())).toBe(0);
  expect(await states()).toEqual(["sent"]);
});
