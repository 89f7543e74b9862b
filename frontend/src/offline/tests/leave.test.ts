import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { putAway, putOthersAway } from "../leave.ts";
import { enqueue } from "../outbox.ts";
import { remember, sealedHere } from "../person.ts";
import { Store } from "../store.ts";
import { flush } from "../sync.ts";
import { edit, FakeServer, product } from "./server.ts";

let people = 500;
let server: FakeServer;

const there = async () => (await indexedDB.databases()).map(({ name }) => name);
const session = (id: number, name: string) => ({
  authenticated: true,
  user_id: id,
  username: name,
  display_name: name,
  permissions: [],
  perms_hash: "",
  csrf: "",
});

/** Somebody who used the tablet, and left one change if told to. */
async function used(name: string, isWaiting: boolean): Promise<Store> {
  people += 1;
  await remember(session(people, name), new Date());
  const store = new Store(people);
  await store.keepProducts([product(1)], new Date());
  await store.keepPrediction(1, { id: "receipt" } as never, new Date());
  await store.keepDraft("form", { name: "half a sentence" });
  server.person = people;
  await enqueue(store, edit(1, "sent"));
  await flush(store);
  if (isWaiting) {
    await enqueue(store, edit(1, `by ${name}`));
  }
  return store;
}

beforeEach(() => {
  server = new FakeServer();
  vi.stubGlobal("fetch", server.fetch);
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await putOthersAway(0);
});

test("of somebody who leaves with nothing to send nothing stays", async () => {
  const carla = await used("Carla", false);
  await putAway(carla);
  expect(await there()).not.toContain(carla.name);
  expect(await sealedHere()).toEqual([]);
});

test("of somebody whose changes wait, these stay and nothing else", async () => {
  const carla = await used("Carla", true);
  await putAway(carla);
  expect(await sealedHere()).toContainEqual({ id: carla.personId, name: "Carla", count: 1 });
  const sealed = new Store(carla.personId);
  expect(await sealed.facts()).toMatchObject({ products: 0, predictions: 0, isComplete: false });
  expect(await sealed.draft("form")).toBeNull();
  expect(await sealed.changes()).toMatchObject([{ payload: { set: { name: "by Carla" } } }]);
  // They are sent when she is back, in her name.
  server.person = carla.personId;
  expect(await flush(sealed)).toMatchObject({ state: "done", sent: 1 });
  expect(server.effects.at(-1)?.person).toBe(carla.personId);
  await putAway(sealed);
});

test("whoever comes next sends nothing of those before, and clears up after them", async () => {
  const carla = await used("Carla", true);
  const dora = await used("Dora", false);
  const rita = await used("Rita", true);
  const asked = server.asked.length;
  await putOthersAway(rita.personId);
  expect(server.asked.length).toBe(asked);
  expect(await there()).toContain(carla.name);
  expect(await there()).not.toContain(dora.name);
  expect((await sealedHere()).map(({ name }) => name)).toEqual(["Carla"]);
  await flush(rita);
  expect(server.batches.flat().filter((one) => one.person === carla.personId).length).toBe(1);
  expect((await rita.facts()).products).toBe(1);
  rita.close();
  const sealed = new Store(carla.personId);
  expect((await sealed.counts()).waiting).toBe(1);
  expect((await sealed.facts()).products).toBe(0);
  // Tidying up twice changes nothing, and forgets nobody.
  await putOthersAway(rita.personId);
  expect((await sealed.counts()).waiting).toBe(1);
  sealed.close();
});
