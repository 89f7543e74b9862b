import "fake-indexeddb/auto";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LiveModel } from "../../api/types.ts";
import type { Request, Response as Told } from "../../categorizer/worker.ts";
import type * as Module from "../model.ts";
import type * as Net from "../net.ts";

const askWho = vi.hoisted(() => vi.fn());
vi.mock("../who.ts", () => ({ askWho }));

const FOLDER = new URL("../../categorizer/vectors/", import.meta.url);
const { answers } = JSON.parse(readFileSync(new URL("vectors.json", FOLDER), "utf8"));
const first = new Uint8Array(readFileSync(new URL("tiny.safetensors", FOLDER)));
/** A model that says of itself that it has another origin, and answers the same. */
const second = first.slice();
second.set(new TextEncoder().encode("z"), Buffer.from(first).indexOf("test vectors") + 11);
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const ONE = { sha256: digestOf(first), bytes: first };
const TWO = { sha256: digestOf(second), bytes: second };
// What the tiny model reads is what the tablet reads of a product, apart from the fields' types.
const KNOWN = answers
  .filter(
    ({ product, answer }: { product: Record<string, unknown>; answer: { matched: number } }) =>
      answer.matched > 0 && Object.values(product).every((value) => typeof value === "string"),
  )
  .filter((_: unknown, at: number) => at % 3 === 0);
const DRILL = { name: "cordless drill 18V" };

// The worker, in this process: each gets a module of its own.

const workers: FakeWorker[] = [];
/** Whether the browser has changed, so that test questions are answered otherwise. */
let isChanged: boolean;

class FakeWorker {
  onmessage: ((event: { data: Told }) => void) | null = null;
  onerror: (() => void) | null = null;
  onmessageerror: (() => void) | null = null;
  isOver = false;
  isSilent = false;
  asked = 0;
  readonly #listen: Promise<(event: { data: Request }) => Promise<void>>;

  constructor() {
    workers.push(this);
    this.#listen = this.#load();
  }

  async #load() {
    let found: (event: { data: Request }) => Promise<void> = async () => undefined;
    vi.stubGlobal("addEventListener", (_: string, listener: typeof found) => {
      found = listener;
    });
    vi.resetModules();
    await import("../../categorizer/worker.ts");
    return found;
  }

  async postMessage(data: Request, transfer: Transferable[]): Promise<void> {
    this.asked++;
    const sent = structuredClone(data, { transfer });
    if ("vectors" in sent && isChanged) {
      this.onmessage?.({ data: { id: sent.id, error: "it answers otherwise" } });
      return;
    }
    const listen = await this.#listen;
    vi.stubGlobal("postMessage", (told: Told) => {
      if (!this.isOver && !this.isSilent) {
        this.onmessage?.({ data: told });
      }
    });
    await listen({ data: sent });
  }

  terminate(): void {
    this.isOver = true;
  }
}

/** Let the worker that runs answer no more. */
function silenced(): FakeWorker {
  const worker = workers[0] ?? expect.fail("no worker runs");
  worker.isSilent = true;
  return worker;
}

// The server

let live: LiveModel;
let isAway: boolean;
let asked: string[];

const manifest = ({ sha256, bytes }: typeof ONE, more: Partial<LiveModel> = {}): LiveModel => ({
  version: sha256.slice(0, 12),
  sha256,
  bytes: bytes.length,
  url: `/models/${sha256}`,
  dataset_sha256: "0".repeat(64),
  text: "text/1",
  vectors: answers
    .slice(3, 30)
    .map(({ product, answer }: (typeof answers)[0]) => ({ product, top: 5, answer })),
  withdrawn: [],
  answering: [],
  ...more,
});

async function serve(address: string): Promise<Response> {
  asked.push(address);
  if (isAway) {
    throw new TypeError("Failed to fetch");
  }
  const model = [ONE, TWO].find(({ sha256 }) => address === `/models/${sha256}`);
  if (model !== undefined) {
    const { length } = model.bytes;
    const headers = { "Content-Range": `bytes 0-${length - 1}/${length}` };
    return new Response(model.bytes, { status: 206, headers });
  }
  return Response.json(live);
}

// Each test is a page of its own.
let page: typeof Module;
let net: typeof Net;

async function open(): Promise<void> {
  vi.resetModules();
  net = await import("../net.ts");
  page = await import("../model.ts");
}

/** What the screens would show. */
function shown(): ReturnType<typeof page.currentModel> {
  return page.currentModel();
}

beforeEach(async () => {
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("document", { cookie: "" });
  vi.stubGlobal("fetch", vi.fn(serve));
  workers.length = 0;
  asked = [];
  isAway = isChanged = false;
  live = manifest(ONE);
  await open();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("the tablet says what the server says, to the last digit", async () => {
  await page.ensureModel();
  expect(shown().trouble).toBe(null);
  expect(KNOWN.length).toBeGreaterThan(3);
  for (const { product, answer } of KNOWN) {
    const [best, ...others] = answer.suggestions.map(
      ({ label: category, ...numbers }: { label: string }) => ({ category, ...numbers }),
    );
    expect(await page.suggest(product, 5)).toEqual({
      answer: { model_sha256: ONE.sha256, ...best, alternatives: others },
    });
  }
  expect(workers).toHaveLength(1);
});

test("of what the model knows nothing about, it says nothing", async () => {
  await page.ensureModel();
  expect(await page.suggest({ name: "ⵣⵣⵣ", width_mm: 12 })).toEqual({ answer: null });
});

test("a page that opens without a connection starts the model that it kept", async () => {
  await page.ensureModel();
  await open();
  isAway = true;
  expect(await page.heldModel()).toBe(ONE.sha256);
  const before = workers.length;
  const [one, other] = await Promise.all([page.suggest(DRILL), page.suggest(DRILL)]);
  expect(one).toEqual(other);
  expect(one.answer?.category).toBe("Tools > Drills");
  expect(workers.length - before, "one worker for both").toBe(1);
});

test("without a model it says so", async () => {
  await expect(page.suggest(DRILL)).rejects.toThrow("This tablet has no model yet");
  expect(workers).toHaveLength(0);
});

test("the server hears of another model at once, and of the same one not again", async () => {
  askWho.mockClear();
  await page.ensureModel();
  expect(askWho).toHaveBeenCalledOnce();
  await page.ensureModel();
  expect(askWho).toHaveBeenCalledOnce();
});

test("it tells how far it is, and what answers then", async () => {
  const seen: string[] = [];
  page.onModel(() => seen.push(`${shown().state} ${shown().progress} ${shown().bytes}`));
  await page.ensureModel();
  const { length } = first;
  expect(new Set(seen)).toContain(`fetching 0 ${length}`);
  expect(new Set(seen)).toContain(`fetching 1 ${length}`);
  expect(shown()).toMatchObject({
    state: "ready",
    sha256: ONE.sha256,
    version: ONE.sha256.slice(0, 12),
    bytes: length,
    progress: null,
    trouble: null,
  });
});

test("a worker that ends is started again, and the question asked again", async () => {
  await page.ensureModel();
  const worker = silenced();
  const asking = page.suggest(DRILL);
  await vi.waitFor(() => expect(worker.asked).toBe(2));
  worker.onerror?.();
  expect((await asking).answer?.category).toBe("Tools > Drills");
  expect(workers.map(({ isOver }) => isOver)).toEqual([true, false]);
});

test("a worker that says nothing is given up", async () => {
  await page.ensureModel();
  const worker = silenced();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asking = page.suggest(DRILL);
  await vi.waitFor(() => expect(worker.asked).toBe(2));
  vi.advanceTimersByTime(20_000);
  vi.useRealTimers();
  expect((await asking).answer?.category).toBe("Tools > Drills");
  expect(workers).toHaveLength(2);
});

test("a newer model takes over only once it has answered like the server", async () => {
  await page.ensureModel();
  const [vector] = manifest(TWO).vectors;
  const wrong = { ...vector, answer: { ...vector?.answer, matched: 99 } };
  live = manifest(TWO, { vectors: [wrong] as LiveModel["vectors"] });
  await page.ensureModel();
  expect(shown()).toMatchObject({ state: "ready", sha256: ONE.sha256, progress: null });
  expect(shown().trouble).toMatch(/refused: it answers test question 1 otherwise/);
  expect((await page.suggest(DRILL)).answer?.model_sha256).toBe(ONE.sha256);

  live = manifest(TWO);
  await page.ensureModel(true);
  expect(shown()).toMatchObject({ state: "ready", sha256: TWO.sha256, trouble: null });
  expect((await page.suggest(DRILL)).answer?.model_sha256).toBe(TWO.sha256);
  expect(workers.filter(({ isOver }) => !isOver)).toHaveLength(1);
});

test("after a model is withdrawn nothing is said until the next one is here", async () => {
  await page.ensureModel();
  live = manifest(ONE, { withdrawn: [ONE.sha256] });
  await page.ensureModel();
  expect(shown()).toMatchObject({ state: "none", sha256: null, version: "", bytes: 0 });
  await expect(page.suggest(DRILL)).rejects.toThrow("no model");
  expect(workers.every(({ isOver }) => isOver)).toBe(true);
  live = manifest(TWO, { withdrawn: [ONE.sha256] });
  await page.ensureModel();
  expect((await page.suggest(DRILL)).answer?.model_sha256).toBe(TWO.sha256);
});

test("a model that this browser no longer reads right is not asked", async () => {
  await page.ensureModel();
  await open();
  isChanged = true;
  isAway = true;
  await expect(page.suggest(DRILL)).rejects.toThrow("is damaged");
  expect(await page.heldModel()).toBe(null);
  expect(shown()).toMatchObject({ state: "none", sha256: null });
});

test("a download that the connection ends goes on when it is back", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  isAway = true;
  net.setNet("offline");
  await page.ensureModel();
  expect(shown()).toMatchObject({ state: "failed", sha256: null });
  expect(shown().trouble).toMatch(/as soon as the connection allows/);
  isAway = false;
  net.setNet("online");
  await page.ensureModel(); // the one that runs
  expect(shown()).toMatchObject({ state: "ready", sha256: ONE.sha256, trouble: null });
});

test("it tries again after a while, also if nobody says that the connection is back", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  isAway = true;
  await page.ensureModel();
  const before = asked.length;
  vi.advanceTimersByTime(14_000);
  expect(asked).toHaveLength(before);
  isAway = false;
  vi.advanceTimersByTime(2_000);
  await page.ensureModel(); // the one that runs
  expect(shown().state).toBe("ready");
});

test("no connection is no trouble for the model that is here", async () => {
  await page.ensureModel();
  isAway = true;
  await page.ensureModel();
  expect(shown()).toMatchObject({ state: "ready", sha256: ONE.sha256, trouble: null });
});

test("why it said so adds up to the score", async () => {
  await page.ensureModel();
  const product = { name: "cordless drill 18V", description: "hammer drill 850W neu" };
  const { answer } = await page.suggest(product);
  const why = await page.explainHere(product, answer?.category ?? "");
  const { score, bias, contributions, others, category } = why;
  expect(category).toBe("Tools > Drills");
  expect(contributions).toHaveLength(12);
  expect(contributions[0]?.share_ppm).toBeGreaterThan(0);
  const sum = contributions.reduce((total, { amount }) => total + amount, bias + others.amount);
  expect(sum).toBe(score);
  expect(score).toBe(answer?.score);
});
