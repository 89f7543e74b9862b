import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Witnessed, witnessed } from "../device.ts";
import vectors from "../vectors/log.json" with { type: "json" };
import { check, report } from "../witness.ts";

const MORNING = new Date("2026-11-20T08:00:00Z");
const NOON = new Date("2026-11-20T12:00:00Z");
const { vkeys, rewritten } = vectors;

type Log = { notes: Record<string, string>; proofs: typeof vectors.proofs };

/** A server whose log has this size; `note` and `proof` put something else into its mouth. */
interface Server {
  log: Log;
  size: number;
  keys: { vkeys: string[]; rotations?: unknown[] };
  note?: string;
  proof?: unknown;
  /** Instead of everything else. */
  status?: number;
  isAway?: boolean;
}

let server: Server;
let asked: { path: string; body: unknown }[];

function json(body: unknown, status = 200): Response {
  if (status === 204) {
    return new Response(null, { status });
  }
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });
}

function answer(path: string): Response {
  if (server.status !== undefined) {
    return json({ detail: "No.", code: "no" }, server.status);
  }
  if (path === "ledger/key") {
    return json({ origin: vectors.origin, ...server.keys });
  }
  const from = Number(path.split("from=")[1]);
  if (from > server.size) {
    return json({ detail: "The log is not that long.", code: "no_such_size" }, 409);
  }
  const found = server.log.proofs.find((one) => one.from === from && one.to === server.size);
  const checkpoint = server.note ?? server.log.notes[server.size];
  return json({ from, to: server.size, proof: server.proof ?? found?.proof ?? [], checkpoint });
}

beforeEach(async () => {
  await new Promise((resolve) => {
    indexedDB.deleteDatabase("shelfmark-log").onsuccess = resolve;
  });
  asked = [];
  server = { log: vectors, size: 5, keys: { vkeys: [vkeys.old] } };
  vi.stubGlobal("document", { cookie: "csrftoken=secret" });
  vi.stubGlobal("fetch", async (address: string, options: RequestInit) => {
    const path = address.replace("/api/v1/", "");
    asked.push({ path, body: options.body ? JSON.parse(String(options.body)) : null });
    if (server.isAway) {
      throw new TypeError("Failed to fetch");
    }
    return answer(path);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Meet the server at these sizes, and find nothing wrong. */
async function meet(...sizes: number[]): Promise<Witnessed> {
  for (const size of sizes) {
    server.size = size;
    expect((await check(MORNING)).alarm).toBeNull();
  }
  return (await witnessed()) as Witnessed;
}

test("the first log is believed, with the key that it names", async () => {
  expect(await witnessed()).toBeUndefined();
  const first = await meet(5);
  expect(first).toMatchObject({ vkeys: [vkeys.old], note: vectors.notes["5"], size: 5 });
  expect(first).toMatchObject({ checkedAt: MORNING.toISOString(), isSigned: true });
  expect(first.tablet).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
});

test("a log that grows is followed, and the tablet keeps its name", async () => {
  const first = await meet(5);
  const last = await meet(7, 7, 64, 300);
  expect(last).toMatchObject({ size: 300, note: vectors.notes["300"], tablet: first.tablet });
  expect(asked.map((one) => one.path).filter((path) => path === "ledger/key")).toHaveLength(1);
});

test("a checkpoint that no named key signed is not believed at the first meeting", async () => {
  server.keys.vkeys = [vkeys.stranger];
  expect(await check(MORNING)).toMatchObject({ note: "", size: 0, vkeys: [], alarm: null });
  server.keys.vkeys = [vkeys.old];
  expect(await meet(7)).toMatchObject({ size: 7 });
});

test("no connection and no log are no alarm", async () => {
  for (const trouble of [{ isAway: true }, { status: 204 }, { status: 404 }, { status: 503 }]) {
    Object.assign(server, { isAway: false, status: undefined }, trouble);
    expect(await check(MORNING)).toMatchObject({ note: "", alarm: null });
  }
  Object.assign(server, { isAway: false, status: undefined });
  await meet(5);
  for (const trouble of [{ isAway: true }, { status: 500 }, { status: 503 }, { status: 429 }]) {
    Object.assign(server, { isAway: false, status: undefined }, trouble);
    const known = await check(NOON);
    expect(known).toMatchObject({ size: 5, checkedAt: MORNING.toISOString(), alarm: null });
  }
});

const WRONG: [string, string, Partial<Server>, string][] = [
  ["yesterday's database is back", "refused", { size: 8 }, vectors.notes["8"]],
  ["the log is gone", "refused", { status: 404 }, ""],
  ["the proof is refused", "refused", { status: 409 }, ""],
  ["fewer entries are shown as if nothing were", "shorter", { note: vectors.notes["8"] }, ""],
  ["an entry was changed", "rewritten", { log: rewritten, size: 300 }, rewritten.notes["300"]],
  ["as many entries with another root", "rewritten", { log: rewritten }, rewritten.notes["9"]],
  ["the proof is wrong", "rewritten", { size: 64, proof: ["AAAA"] }, vectors.notes["64"]],
  ["the proof is no list", "rewritten", { size: 64, proof: "x" }, vectors.notes["64"]],
  ["there is no proof", "rewritten", { size: 64, proof: [] }, vectors.notes["64"]],
  ["a stranger signed", "signature", { size: 300, note: vectors.signed_by_a_stranger }, ""],
  ["the note is none", "signature", { note: "Good day." }, "Good day."],
];

test.each(WRONG)("it is an alarm when %s", async (_, reason, change, seen) => {
  const before = await meet(7, 9);
  Object.assign(server, change);
  const after = await check(NOON);
  expect(after.alarm).toMatchObject({ reason, at: NOON.toISOString(), kept: vectors.notes["9"] });
  expect(after.alarm?.seen).toBe(seen || (change.note ?? ""));
  // What it knew before is what it still knows.
  expect(after).toMatchObject({ ...before, alarm: after.alarm });
  expect(await witnessed()).toEqual(after);
});

test("a signature over another text is an alarm", async () => {
  await meet(9);
  server.note = vectors.notes["64"].replace("\n64\n", "\n65\n");
  expect((await check(NOON)).alarm?.reason).toBe("signature");
});

test("the first alarm stays, whatever is shown later", async () => {
  await meet(9);
  server.size = 8;
  const { alarm } = await check(MORNING);
  server.log = rewritten;
  server.size = 300;
  expect((await check(NOON)).alarm).toEqual(alarm);
  // The true log is back: it is followed again, and what happened is not forgotten.
  server.log = vectors;
  const healed = await check(NOON);
  expect(healed).toMatchObject({ size: 300, checkedAt: NOON.toISOString(), alarm });
});

test("a key is followed by the one that it has named", async () => {
  await meet(9);
  server.keys = { vkeys: [vkeys.new, vkeys.old], rotations: [vectors.rotation] };
  server.size = 300;
  server.note = vectors.new_key_only;
  const after = await check(NOON);
  expect(after).toMatchObject({ size: 300, alarm: null, isSigned: true });
  expect(after.vkeys).toEqual([vkeys.old, vkeys.new]);
});

test("while the old key signs, too, nothing has to be followed", async () => {
  await meet(9);
  server.keys = { vkeys: [vkeys.new, vkeys.old], rotations: [vectors.rotation] };
  server.size = 257;
  server.note = vectors.signed_by_both;
  expect(await check(NOON)).toMatchObject({ size: 257, vkeys: [vkeys.old], alarm: null });
});

const UNPROVEN: [string, unknown[]][] = [
  ["only the server names", []],
  ["has named itself", [vectors.rotation_without_the_old_key]],
  ["signed a checkpoint beside the old one", [vectors.signed_by_both]],
  ["is named in what was signed for another", [vectors.rotation.replace(vkeys.new, "x")]],
  ["follows nonsense", ["nonsense", null, { text: "x" }]],
];

test.each(UNPROVEN)("a key that %s is not followed", async (_, rotations) => {
  await meet(9);
  server.keys = { vkeys: [vkeys.old, vkeys.new], rotations };
  server.size = 300;
  server.note = vectors.new_key_only;
  expect(await check(NOON)).toMatchObject({ size: 9, alarm: { reason: "signature" } });
});

test("a witness's signature beside the log's needs no key of its own", async () => {
  await meet(9);
  server.size = 300;
  server.note = vectors.cosigned;
  expect(await check(NOON)).toMatchObject({ size: 300, vkeys: [vkeys.old] });
  expect(asked.filter((one) => one.path === "ledger/key")).toHaveLength(1);
});

test("a browser without Ed25519 says so, and still asks for proofs", async () => {
  vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(
    new DOMException("Unrecognized name", "NotSupportedError"),
  );
  expect(await meet(7, 9)).toMatchObject({ size: 9, isSigned: false });
  server.log = rewritten;
  server.size = 64;
  expect((await check(NOON)).alarm?.reason).toBe("rewritten");
});

test("a slower tab never takes back what another one accepted", async () => {
  await meet(9);
  server.size = 64;
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", async (...request: Parameters<typeof fetch>) => {
    const late = await fetch(...request);
    // Before this answer arrives, another tab meets the server.
    vi.stubGlobal("fetch", fetch);
    server.size = 300;
    expect(await check(NOON)).toMatchObject({ size: 300 });
    return late;
  });
  expect(await check(NOON)).toMatchObject({ size: 300, alarm: null });
});

test("the report names the model, the checkpoint and both statements of an alarm", async () => {
  const good = await meet(9);
  await report(good, "a".repeat(64));
  expect(asked.at(-1)).toEqual({
    path: `tablets/${good.tablet}`,
    body: { model_sha256: "a".repeat(64), checkpoint_size: 9, alarm: null },
  });
  server.size = 8;
  await report(await check(NOON), null);
  expect(asked.at(-1)?.body).toEqual({
    model_sha256: null,
    checkpoint_size: 9,
    alarm: { kept: vectors.notes["9"], seen: vectors.notes["8"] },
  });
});
