import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Product } from "../../api/types.ts";
import { enqueue } from "../outbox.ts";
import { pull } from "../pull.ts";
import { Store } from "../store.ts";
import { flush } from "../sync.ts";
import { create, edit, FakeServer, json, product } from "./server.ts";

const UUID = "01890a5d-ac96-774b-bcce-b302099a8057";
let people = 300;
let store: Store;
let server: FakeServer;
/** The pages that the server has, by their cursors. */
let feed: Record<string, object | Response>;

const upsert = (data: Product) => ({ c: "product", id: data.id, op: "upsert", data });
const gone = (id: number) => ({ c: "product", id, op: "delete", data: null });
const category = (id: number, path: string) => ({
  c: "category",
  id,
  op: "upsert",
  data: { id, path, version: 1 },
});

function page(cursor: string, changes: object[], more: object = {}): object {
  return {
    epoch: "e1",
    cursor,
    has_more: false,
    is_snapshot: false,
    sync_head: 10,
    my_changes_through: null,
    changes,
    ...more,
  };
}

beforeEach(() => {
  people += 1;
  store = new Store(people);
  server = new FakeServer();
  server.person = people;
  feed = {};
  server.other = (path) => {
    if (path.startsWith("reviews/queue")) {
      return json({ results: [], next: null });
    }
    if (!path.startsWith("sync/changes")) {
      return null;
    }
    const cursor = new URLSearchParams(path.split("?")[1]).get("cursor") ?? "";
    const found = feed[cursor];
    return found instanceof Response ? found.clone() : json(found);
  };
  vi.stubGlobal("fetch", server.fetch);
});

afterEach(() => {
  store.close();
  vi.unstubAllGlobals();
});

const ids = async () => (await store.find("")).map(({ product: { id } }) => id);

test("a reading that is cut off goes on where it was", async () => {
  const portal = new Response("<h1>Wi-Fi</h1>", { headers: { "Content-Type": "text/html" } });
  feed = {
    "": page("a", [category(1, "Tools"), upsert(product(1))], {
      has_more: true,
      is_snapshot: true,
    }),
    a: portal,
  };
  expect(await pull(store)).toMatchObject({ state: "unreachable", changed: 2 });
  expect(await store.facts()).toMatchObject({ products: 1, isComplete: false, lastPull: null });
  feed = { a: page("b", [upsert(product(2))]) };
  expect(await pull(store)).toMatchObject({ state: "done", changed: 1 });
  expect(await ids()).toEqual([1, 2]);
  expect(await store.facts()).toMatchObject({ products: 2, categories: 1, isComplete: true });
  feed = { b: page("c", []) };
  expect(await pull(store)).toMatchObject({ state: "done", changed: 0 });
});

test("a product that is not there any more goes, and what waits for it stays", async () => {
  feed = { "": page("a", [upsert(product(1)), upsert(product(2))]) };
  await pull(store);
  const { id } = await enqueue(store, edit(2, "Mine"));
  feed = { a: page("b", [gone(2)]) };
  await pull(store);
  expect(await ids()).toEqual([1]);
  expect(await store.shown({ id: 2 })).toBeNull();
  expect(await store.changes("waiting")).toMatchObject([{ id }]);
});

test("an older state never replaces a newer one", async () => {
  feed = { "": page("a", [upsert(product(1, { version: 3, name: "New" }))]) };
  await pull(store);
  feed = { a: page("b", [upsert(product(1, { version: 2, name: "Old" }))]) };
  await pull(store);
  expect((await store.product(1))?.product.name).toBe("New");
});

test("a category that gets another name gives it to its products", async () => {
  const filed = product(1, { category: "Tools", category_id: 5 });
  feed = { "": page("a", [category(5, "Tools"), upsert(filed)]) };
  await pull(store);
  expect((await store.find(""))[0]?.product.category).toBe("Tools");
  feed = { a: page("b", [category(5, "Hand tools")]) };
  await pull(store);
  expect((await store.find(""))[0]?.product.category).toBe("Hand tools");
  expect((await store.shown({ id: 1 }))?.product.category).toBe("Hand tools");
  expect(await store.categories()).toMatchObject([{ id: 5, path: "Hand tools" }]);
});

test("what cannot be continued is read anew, and only then the old is swept", async () => {
  feed = {
    "": page("a", [category(5, "Old"), upsert(product(1, { version: 7 })), upsert(product(2))]),
  };
  await pull(store);
  await enqueue(store, edit(2, "Mine"));
  feed = {
    a: json({ code: "resync_required", reason: "expired" }, 410),
    "": page("x", [category(6, "New")], { has_more: true, is_snapshot: true, epoch: "e2" }),
    x: new Response("cut", { headers: { "Content-Type": "text/html" } }),
  };
  expect(await pull(store)).toMatchObject({ state: "unreachable", resynced: true });
  expect(await ids()).toEqual([2, 1]);
  expect((await store.facts()).isComplete).toBe(false);
  // Versions of another database say nothing about those of this one.
  feed = { x: page("y", [upsert(product(1, { version: 2, name: "Restored" }))]) };
  expect(await pull(store)).toMatchObject({ state: "done" });
  expect(await ids()).toEqual([1]);
  expect((await store.product(1))?.product.name).toBe("Restored");
  expect((await store.categories()).map(({ path }) => path)).toEqual(["New"]);
  expect((await store.changes("waiting")).length).toBe(1);
});

test("a server that was restored is told again what it has forgotten, and nothing else", async () => {
  feed = { "": page("a", []) };
  await pull(store);
  await enqueue(store, edit(1, "Known"));
  await flush(store);
  await enqueue(store, create(UUID, "NEW"));
  await enqueue(store, { ...edit(0, "Newer"), product: { uuid: UUID } });
  await flush(store);
  const [known, made, edited] = await store.changes("sent");
  server.known.delete(made?.id ?? "");
  server.known.delete(edited?.id ?? "");
  server.effects = server.effects.slice(0, 1);
  feed = {
    a: json({ code: "resync_required", reason: "epoch" }, 410),
    "": page("x", [], { epoch: "e2" }),
  };
  expect(await pull(store)).toMatchObject({ state: "done", resynced: true });
  expect((await store.changes("sent")).map(({ id }) => id)).toEqual([known?.id]);
  expect((await store.changes("waiting")).map(({ id }) => id)).toEqual([made?.id, edited?.id]);
  expect(await store.alias(UUID)).toBeNull();
  await flush(store);
  expect(server.effects.map(({ id }) => id)).toEqual([known?.id, made?.id, edited?.id]);
});

test("as long as nobody says what the server has, the rebuilding waits", async () => {
  feed = { "": page("a", []) };
  await pull(store);
  await enqueue(store, edit(1, "A"));
  await flush(store);
  feed = { a: json({ code: "resync_required", reason: "rewound" }, 410), "": page("x", []) };
  const answers = server.other;
  server.other = (path) => (path.startsWith("sync/ops") ? json({}, 503) : answers(path));
  expect(await pull(store)).toMatchObject({ state: "unreachable" });
  server.other = answers;
  server.known.clear();
  expect(await pull(store)).toMatchObject({ state: "done" });
  expect((await store.changes("waiting")).length).toBe(1);
});

test("an answer that was lost is found out with the next reading", async () => {
  const { seq } = await enqueue(store, edit(1, "A"));
  server.faults = ["lost"];
  await flush(store);
  feed = { "": page("a", [], { my_changes_through: seq }) };
  await pull(store);
  expect(await store.changes()).toMatchObject([{ status: "sent", attempts: 1 }]);
});

test("nobody reads for somebody else, or what their role does not see", async () => {
  server.person = 1;
  feed = { "": page("a", [upsert(product(1))]) };
  expect((await pull(store)).state).toBe("auth");
  server.person = people;
  feed = { "": json({ code: "permission_denied" }, 403) };
  expect((await pull(store)).state).toBe("forbidden");
  expect(await ids()).toEqual([]);
});

test("what is no page of ours changes nothing", async () => {
  for (const strange of [{}, page("a", [{ c: "product", id: 1, op: "upsert", data: {} }])]) {
    feed = { "": strange };
    expect((await pull(store)).state).toBe("unreachable");
  }
  expect((await store.mirror()).cursor).toBeNull();
});

test("the review queue comes in the server's order, without what was decided here", async () => {
  feed = { "": page("a", [upsert(product(1)), upsert(product(2))]) };
  const answers = server.other;
  server.other = (path) =>
    path.startsWith("reviews/queue")
      ? json({
          results: [2, 1].map((id) => ({ product: product(id), prediction: {}, recalled: null })),
          next: null,
        })
      : answers(path);
  await pull(store);
  const queue = async () => (await store.queue()).map((one) => one.product.id);
  expect(await queue()).toEqual([2, 1]);
  await enqueue(store, edit(1, "Other"));
  expect(await queue()).toEqual([2, 1]);
  await enqueue(store, {
    kind: "prediction.skip",
    product: { id: 2 },
    payload: { prediction: UUID },
    baseVersion: 1,
    label: "",
  });
  expect(await queue()).toEqual([1]);
});

test("whoever does not review is not given a queue, and keeps none", async () => {
  const one = { product: product(1), prediction: {}, tablet_said: null, recalled: null };
  const answers = server.other;
  server.other = (path) =>
    path.startsWith("reviews/queue") ? json({ results: [one], next: null }) : answers(path);
  feed = { "": page("a", [upsert(product(1))]), a: page("b", [upsert(product(1))]) };
  await pull(store);
  expect(await store.queue()).toHaveLength(1);
  server.permissions = [];
  server.asked = [];
  await pull(store);
  expect(await store.queue()).toEqual([]);
  expect(server.asked.filter((asked) => asked.includes("reviews/"))).toEqual([]);
});

test("of what was sent, two weeks and five hundred are remembered", async () => {
  for (let index = 0; index < 501; index += 1) {
    await enqueue(store, edit(1, String(index)));
  }
  await flush(store);
  feed = { "": page("a", []), a: page("b", []) };
  await pull(store);
  expect((await store.changes("sent")).length).toBe(500);
  await store.write(["changes"], async ({ store: rows }) => {
    for (const row of (await rows.getAll()).slice(0, 10)) {
      await rows.put({ ...row, settledAt: new Date(Date.now() - 15 * 86_400_000).toISOString() });
    }
  });
  await pull(store);
  expect((await store.changes("sent")).length).toBe(490);
});
