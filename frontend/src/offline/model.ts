// The model that this tablet answers with, in a database that belongs to nobody: it says nothing
// about anybody, and it stays when people come and go.
//
// A model comes in parts, each kept as soon as it is here, so that a download that was cut goes on
// where it was. It answers only once its digest is right and it has answered the server's test
// questions to the last digit; then one write makes it the active one. The one before is kept,
// for the day on which the server goes back to it.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { Refused, Unreachable } from "../api/client.ts";
import type { LiveModel } from "../api/types.ts";

export type Vectors = LiveModel["vectors"];

/** A model whose parts are all here. */
export interface Held {
  sha256: string;
  bytes: number;
  /** What it has to answer: asked again at each start, because a browser changes, too. */
  vectors: Vectors;
  /** When it became the active one, by the clock of this tablet (ISO 8601). */
  at: string;
}

/** A model that is not taken again for a while. */
export interface Turned {
  sha256: string;
  /** A sentence for people. */
  why: string;
  at: string;
}

export interface Models {
  active: Held | null;
  previous: Held | null;
  /** Whose parts are arriving. */
  coming: Pick<Held, "sha256" | "bytes"> | null;
  turned: Turned | null;
}

/** The model cannot be taken. The message is a sentence for people. */
export class NotTaken extends Error {
  override name = "NotTaken";
}

/** The model does not answer as it has to. The message says how. */
export class Unfit extends Error {
  override name = "Unfit";
}

/** What a download needs from those who start it. */
export interface Taking {
  now: Date;
  /** Throw Unfit unless the model in `bytes`, which may be taken away, answers like the server. */
  prove(bytes: Uint8Array<ArrayBuffer>, sha256: string, vectors: Vectors): Promise<void>;
  /** Hears how many bytes are here. */
  progress(bytes: number): void;
  /** Somebody asked: do not wait. */
  isAsked: boolean;
}

interface Schema extends DBSchema {
  models: { key: string; value: Models };
  parts: { key: [sha256: string, index: number]; value: Uint8Array<ArrayBuffer> };
}

export const PART = 262_144;
const PART_MS = 60_000;
// What IndexedDB needs beside the bytes, and what should be left for people's work.
const TIMES_FREE = 3;
const AGAIN_MS = 3_600_000;
const NAME = "shelfmark-models";
const KEY = "models";
const NONE: Models = { active: null, previous: null, coming: null, turned: null };

async function used<T>(use: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  const database = await openDB<Schema>(NAME, 1, {
    upgrade(made) {
      made.createObjectStore("models");
      made.createObjectStore("parts");
    },
  });
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

const partsOf = (sha256: string) =>
  IDBKeyRange.bound([sha256, 0], [sha256, Number.MAX_SAFE_INTEGER]);

export async function models(): Promise<Models> {
  return (await used((database) => database.get("models", KEY))) ?? NONE;
}

/** Change what is held, and delete the parts of every model that it no longer names. */
function change(next: (now: Models) => Models): Promise<Models> {
  return used(async (database) => {
    const transaction = database.transaction(["models", "parts"], "readwrite");
    const [state, parts] = [transaction.objectStore("models"), transaction.objectStore("parts")];
    const changed = next((await state.get(KEY)) ?? NONE);
    await state.put(changed, KEY);
    const { active, previous, coming } = changed;
    const named = new Set([active, previous, coming].map((one) => one?.sha256));
    for (const key of await parts.getAllKeys()) {
      if (!named.has(key[0])) {
        await parts.delete(key);
      }
    }
    await transaction.done;
    return changed;
  });
}

/** Return the bytes of a model, null if they are not all here. */
export async function bytesOf(
  model: Pick<Held, "sha256" | "bytes">,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts = await used((database) => database.getAll("parts", partsOf(model.sha256)));
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (size !== model.bytes) {
    return null;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Forget an active model that can no longer be used, so that it is fetched again. */
export function drop(sha256: string): Promise<Models> {
  return change((now) => ({
    ...now,
    active: now.active?.sha256 === sha256 ? null : now.active,
    previous: now.previous?.sha256 === sha256 ? null : now.previous,
  }));
}

/**
 * Hold the model that the server names, and no model that it has withdrawn.
 *
 * Whatever goes wrong, the active model stays what it was, unless it was withdrawn. Throws
 * NotTaken, Refused, Unreachable, and what `prove` throws.
 */
export async function take(live: LiveModel, taking: Taking): Promise<Models> {
  const once = () => takeOnce(live, taking);
  // One tab fetches; the others wait, and find it.
  const locks = globalThis.navigator?.locks;
  return await (locks === undefined ? once() : locks.request(NAME, once));
}

async function takeOnce(live: LiveModel, taking: Taking): Promise<Models> {
  const { sha256, bytes, url, withdrawn } = live;
  const isTrusted = (one: { sha256: string } | null) =>
    one !== null && !withdrawn.includes(one.sha256);
  const known = await change((now) => ({
    ...now,
    active: isTrusted(now.active) ? now.active : null,
    previous: isTrusted(now.previous) ? now.previous : null,
    coming: isTrusted(now.coming) ? now.coming : null,
  }));
  if (
    sha256 === null ||
    bytes === null ||
    url === null ||
    withdrawn.includes(sha256) ||
    known.active?.sha256 === sha256
  ) {
    return known;
  }
  if (known.turned?.sha256 === sha256 && !taking.isAsked) {
    const age = taking.now.getTime() - new Date(known.turned.at).getTime();
    if (age >= 0 && age < AGAIN_MS) {
      throw new NotTaken(known.turned.why);
    }
  }
  await change((now) => ({ ...now, coming: { sha256, bytes } }));
  await download({ sha256, bytes, url }, taking.progress);
  await check({ sha256, bytes }, live.vectors, taking);
  const held: Held = { sha256, bytes, vectors: live.vectors, at: taking.now.toISOString() };
  return change((now) => ({
    active: held,
    previous: now.active ?? now.previous,
    coming: null,
    turned: null,
  }));
}

async function check(
  { sha256, bytes }: Pick<Held, "sha256" | "bytes">,
  vectors: Vectors,
  { prove, now }: Taking,
): Promise<void> {
  const whole = await bytesOf({ sha256, bytes });
  if (whole === null || (await hex(whole)) !== sha256) {
    // The next attempt fetches every byte again: nobody knows which one is wrong.
    await change((before) => ({ ...before, coming: null }));
    throw new NotTaken("The new model arrived damaged and was refused. It is fetched again later.");
  }
  try {
    await prove(whole, sha256, vectors);
  } catch (error) {
    if (!(error instanceof Unfit)) {
      throw error; // nobody knows whether it is fit: the parts stay
    }
    const why = `The new model was refused: ${error.message}. Tell whoever looks after the models.`;
    const turned = { sha256, why, at: now.toISOString() };
    await change((before) => ({ ...before, coming: null, turned }));
    throw new NotTaken(why);
  }
}

async function hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The download

interface Wanted {
  sha256: string;
  bytes: number;
  url: string;
}

async function download(wanted: Wanted, progress: (bytes: number) => void): Promise<void> {
  const { sha256, bytes } = wanted;
  const here = new Set(
    (await used((database) => database.getAllKeys("parts", partsOf(sha256)))).map(([, at]) => at),
  );
  const count = Math.ceil(bytes / PART);
  const missing = Array.from({ length: count }, (_, at) => at).filter((at) => !here.has(at));
  await makeSure(missing.length * PART);
  const tell = () => progress(Math.min(here.size * PART, bytes));
  tell();
  for (const at of missing) {
    if (!here.has(at)) {
      for (const [place, part] of await fetched(wanted, at)) {
        await keep(sha256, place, part);
        here.add(place);
      }
      tell();
    }
  }
}

/** Throw NotTaken if there is no room for so many bytes. */
async function makeSure(bytes: number): Promise<void> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.()) ?? {};
  if (quota !== undefined && usage !== undefined && quota - usage < TIMES_FREE * bytes) {
    await change((now) => ({ ...now, coming: null }));
    throw new NotTaken(full());
  }
}

const full = () =>
  "There is no room on this tablet for the new model. Delete what is not needed on it.";

async function keep(sha256: string, at: number, part: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await used((database) => database.put("parts", part, [sha256, at]));
  } catch (error) {
    if (error instanceof DOMException && error.name === "QuotaExceededError") {
      await change((now) => ({ ...now, coming: null }));
      throw new NotTaken(full());
    }
    throw error;
  }
}

/** Fetch one part; all of them if somebody on the way knows no ranges. */
async function fetched(
  { sha256, bytes, url }: Wanted,
  at: number,
): Promise<[at: number, part: Uint8Array<ArrayBuffer>][]> {
  const first = at * PART;
  const last = Math.min(first + PART, bytes) - 1;
  let body: Uint8Array<ArrayBuffer>;
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { Range: `bytes=${first}-${last}`, "If-Range": `"${sha256}"` },
      credentials: "same-origin",
      redirect: "manual",
      // What is kept is kept here, and a wrong byte would stay in the browser's own cache.
      cache: "no-store",
      signal: AbortSignal.timeout(PART_MS),
    });
    body = new Uint8Array(response.ok ? await response.arrayBuffer() : []);
  } catch (error) {
    throw new Unreachable(error instanceof DOMException && error.name === "TimeoutError");
  }
  const range = response.headers.get("Content-Range");
  if (response.status === 206 && range === `bytes ${first}-${last}/${bytes}`) {
    if (body.length === last - first + 1) {
      return [[at, body]];
    }
  } else if (response.status === 200 && body.length === bytes) {
    return Array.from({ length: Math.ceil(bytes / PART) }, (_, place) => [
      place,
      body.slice(place * PART, (place + 1) * PART),
    ]);
  } else if (response.status >= 400) {
    throw new Refused(response.status, {});
  }
  throw new Unreachable(); // somebody else answered
}
