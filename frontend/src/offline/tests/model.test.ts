import "fake-indexeddb/auto";
import { createHash } from "node:crypto";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refused, Unreachable } from "../../api/client.ts";
import type { LiveModel } from "../../api/types.ts";
import { bytesOf, drop, models, NotTaken, PART, type Taking, take, Unfit } from "../model.ts";

const NOW = new Date("2026-11-21T10:00:00Z");
const VECTORS: LiveModel["vectors"] = [
  { product: { name: "drill" }, top: 5, answer: { matched: 0, suggestions: [] } },
];

/** A model of five parts and a bit, and the server that has it. */
function made(seed: number) {
  const bytes = Uint8Array.from({ length: 5 * PART + 1234 }, (_, at) => (at * seed) >> 3);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { bytes, sha256 };
}
const ONE = made(7);
const TWO = made(11);
const THREE = made(13);

let asked: string[];
/** What happens to the answer to a range; nothing: it arrives. */
let harm: (range: string, body: Uint8Array) => Response | undefined;

function serve(address: string, { headers }: { headers: Record<string, string> }) {
  const model = [ONE, TWO, THREE].find(({ sha256 }) => address === `/models/${sha256}`);
  const range = headers.Range ?? "";
  asked.push(range);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (model === undefined) {
    return new Response("{}", { status: 404 });
  }
  expect(headers["If-Range"]).toBe(`"${model.sha256}"`);
  const body = model.bytes.slice(Number(first), Number(last) + 1);
  const total = model.bytes.length;
  const part = { status: 206, headers: { "Content-Range": `bytes ${first}-${last}/${total}` } };
  return harm(range, body) ?? new Response(body, part);
}

const live = ({ sha256, bytes }: typeof ONE, withdrawn: string[] = []): LiveModel => ({
  version: sha256.slice(0, 12),
  sha256,
  bytes: bytes.length,
  url: `/models/${sha256}`,
  dataset_sha256: "0".repeat(64),
  text: "text/1",
  vectors: VECTORS,
  withdrawn,
  answering: [],
});

const taking = (more: Partial<Taking> = {}): Taking => ({
  now: NOW,
  isAsked: false,
  progress: () => undefined,
  prove: async () => undefined,
  ...more,
});

// Faster than toEqual, which looks at each of a million bytes with care.
const isSame = (bytes: Uint8Array, model: typeof ONE) => Buffer.compare(bytes, model.bytes) === 0;

async function isWhole(model: typeof ONE): Promise<boolean> {
  const bytes = await bytesOf({ sha256: model.sha256, bytes: model.bytes.length });
  return bytes !== null && isSame(bytes, model);
}

async function digests() {
  const { active, previous, coming, turned } = await models();
  return [active, previous, coming, turned].map((one) => one?.sha256 ?? null);
}

beforeEach(() => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal(
    "fetch",
    vi.fn(async (address, options) => serve(address, options)),
  );
  asked = [];
  harm = () => undefined;
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("a model comes in parts, is proved, and then is the active one", async () => {
  const heard: number[] = [];
  const prove = vi.fn(async (bytes: Uint8Array) => {
    expect(isSame(bytes, ONE)).toBe(true);
    expect(await digests()).toEqual([null, null, ONE.sha256, null]);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
  });
  const state = await take(live(ONE), taking({ prove, progress: (bytes) => heard.push(bytes) }));
  expect(prove).toHaveBeenCalledWith(expect.anything(), ONE.sha256, VECTORS);
  expect(asked).toHaveLength(6);
  expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => Math.min(n * PART, ONE.bytes.length)));
  expect(state.active).toMatchObject({ sha256: ONE.sha256, at: NOW.toISOString() });
  expect(await isWhole(ONE)).toBe(true);
});

test("the model that is here is not fetched again", async () => {
  await take(live(ONE), taking());
  asked = [];
  await take(live(ONE), taking({ prove: () => expect.fail("proved again") }));
  expect(asked).toEqual([]);
});

test("a download that is cut at 60 % goes on with what is missing", async () => {
  harm = (range) => {
    if (asked.length > 3) {
      throw new TypeError(`Failed to fetch ${range}`);
    }
    return undefined;
  };
  await expect(take(live(ONE), taking())).rejects.toThrow(Unreachable);
  expect(await digests()).toEqual([null, null, ONE.sha256, null]);
  harm = () => undefined;
  asked = [];
  await take(live(ONE), taking());
  expect(asked.map((range) => Number(/\d+/.exec(range)?.[0]) / PART)).toEqual([3, 4, 5]);
  expect((await digests())[0]).toBe(ONE.sha256);
});

test("half of a part is no part", async () => {
  harm = (range, body) =>
    new Response(body.slice(0, 100), {
      status: 206,
      headers: { "Content-Range": `${range.replace("=", " ")}/${ONE.bytes.length}` },
    });
  await expect(take(live(ONE), taking())).rejects.toThrow(Unreachable);
  expect((await digests())[0]).toBe(null);
});

test("somebody on the way who knows no ranges sends everything at once", async () => {
  harm = () => new Response(ONE.bytes);
  await take(live(ONE), taking());
  expect(asked).toHaveLength(1);
  expect((await digests())[0]).toBe(ONE.sha256);
});

test.each([
  ["a page of somebody else's", () => new Response("<html>Sign in to the Wi-Fi</html>")],
  ["another stretch", () => new Response("", { headers: { "Content-Range": "x" }, status: 206 })],
  ["no content", () => new Response(null, { status: 204 })],
])("%s is not taken for a part", async (_, answer) => {
  harm = answer;
  await expect(take(live(ONE), taking())).rejects.toThrow(Unreachable);
  expect(asked).toHaveLength(1);
});

test("what the server refuses is refused", async () => {
  harm = () => new Response("{}", { status: 403 });
  await expect(take(live(ONE), taking())).rejects.toThrow(Refused);
});

test("a wrong byte is noticed, and then every byte is fetched again", async () => {
  await take(live(ONE), taking());
  harm = (range, body) => {
    if (range.startsWith("bytes=262144-")) {
      body[5] = (body[5] ?? 0) ^ 1;
    }
    return undefined;
  };
  const prove = vi.fn();
  await expect(take(live(TWO), taking({ prove }))).rejects.toThrow("arrived damaged");
  expect(prove).not.toHaveBeenCalled();
  expect(await digests()).toEqual([ONE.sha256, null, null, null]);
  harm = () => undefined;
  asked = [];
  await take(live(TWO), taking());
  expect(asked).toHaveLength(6);
  expect(await digests()).toEqual([TWO.sha256, ONE.sha256, null, null]);
});

test("a model that answers otherwise is refused, and the one before goes on", async () => {
  await take(live(ONE), taking());
  const prove = vi.fn(() => Promise.reject(new Unfit("question 3 differs")));
  await expect(take(live(TWO), taking({ prove }))).rejects.toThrow(/refused: question 3 differs/);
  expect(await digests()).toEqual([ONE.sha256, null, null, TWO.sha256]);
  expect(await isWhole(TWO)).toBe(false);
  expect((await models()).active?.sha256).toBe(ONE.sha256);

  asked = [];
  const soon = new Date(NOW.getTime() + 60_000);
  await expect(take(live(TWO), taking({ now: soon }))).rejects.toThrow(NotTaken);
  expect(asked, "not again at once").toEqual([]);
  await expect(take(live(TWO), taking({ now: soon, isAsked: true, prove }))).rejects.toThrow();
  expect(asked, "but when somebody asks").toHaveLength(6);
  const later = new Date(NOW.getTime() + 7_200_000);
  await take(live(TWO), taking({ now: later }));
  expect(await digests()).toEqual([TWO.sha256, ONE.sha256, null, null]);
});

test("a worker that ends says nothing about the model: its parts stay", async () => {
  const prove = () => Promise.reject(new Error("ended"));
  await expect(take(live(ONE), taking({ prove }))).rejects.toThrow("ended");
  expect(await digests()).toEqual([null, null, ONE.sha256, null]);
  asked = [];
  await take(live(ONE), taking());
  expect(asked).toEqual([]);
});

test("the one before is kept, and older ones are deleted", async () => {
  for (const model of [ONE, TWO, THREE]) {
    await take(live(model), taking());
  }
  expect(await digests()).toEqual([THREE.sha256, TWO.sha256, null, null]);
  expect(await isWhole(TWO)).toBe(true);
  expect(await isWhole(ONE)).toBe(false);
});

test("when the server goes back to the one before, nothing is fetched", async () => {
  await take(live(ONE), taking());
  await take(live(TWO), taking());
  asked = [];
  const prove = vi.fn();
  await take(live(ONE), taking({ prove }));
  expect(asked).toEqual([]);
  expect(prove).toHaveBeenCalledOnce();
  expect(await digests()).toEqual([ONE.sha256, TWO.sha256, null, null]);
});

test("a withdrawn model is deleted at once, also while its successor cannot be fetched", async () => {
  await take(live(ONE), taking());
  harm = () => new Response("{}", { status: 503 });
  await expect(take(live(TWO, [ONE.sha256]), taking())).rejects.toThrow(Refused);
  expect((await digests())[0]).toBe(null);
  expect(await isWhole(ONE)).toBe(false);
});

test("a withdrawn model is not taken although the server still answers with it", async () => {
  await take(live(ONE), taking());
  await take(live(ONE, [ONE.sha256]), taking());
  expect(await digests()).toEqual([null, null, null, null]);
});

test("while no model is live, the last one goes on", async () => {
  await take(live(ONE), taking());
  const none = { ...live(ONE), sha256: null, bytes: null, url: null, vectors: [] };
  await take(none, taking());
  expect((await digests())[0]).toBe(ONE.sha256);
});

test("without room nothing is fetched, and the one before goes on", async () => {
  await take(live(ONE), taking());
  const estimate = async () => ({ quota: 10_000_000, usage: 9_000_000 });
  vi.stubGlobal("navigator", { storage: { estimate } });
  asked = [];
  await expect(take(live(TWO), taking())).rejects.toThrow("no room");
  expect(asked).toEqual([]);
  expect(await digests()).toEqual([ONE.sha256, null, null, null]);
});

test("room that runs out on the way leaves the one before alone", async () => {
  await take(live(ONE), taking());
  const put = IDBObjectStore.prototype.put;
  let parts = 0;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: never, value, key) {
    if (value instanceof Uint8Array && ++parts > 2) {
      throw new DOMException("full", "QuotaExceededError");
    }
    return put.call(this, value, key);
  });
  await expect(take(live(TWO), taking())).rejects.toThrow("no room");
  expect(await digests()).toEqual([ONE.sha256, null, null, null]);
  expect(await isWhole(ONE)).toBe(true);
});

test("two tabs fetch a model once", async () => {
  let last: Promise<unknown> = Promise.resolve();
  const request = (_: string, work: () => Promise<unknown>) => {
    last = last.then(work);
    return last;
  };
  vi.stubGlobal("navigator", { locks: { request } });
  await Promise.all([take(live(ONE), taking()), take(live(ONE), taking())]);
  expect(asked).toHaveLength(6);
});

test("a model that can no longer be used is forgotten", async () => {
  await take(live(ONE), taking());
  await drop(TWO.sha256);
  expect((await digests())[0]).toBe(ONE.sha256);
  await drop(ONE.sha256);
  expect(await digests()).toEqual([null, null, null, null]);
});
