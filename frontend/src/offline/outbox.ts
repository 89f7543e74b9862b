// Where changes wait until the server has them. What is here survives a reload, a crash and an
// empty battery; only the person or the server takes it away.
import { ask, Refused, Unreachable } from "../api/client.ts";
import { type Change, keyOf, type NewChange, type Payloads, type Result } from "./changes.ts";
import type { Database, StoredChange } from "./database.ts";
import { deviceName } from "./device.ts";
import { alone, outboxLock } from "./locks.ts";
import { session } from "./session.ts";
import { resultsIn, settle } from "./settle.ts";

// As long as a request that we gave up may still be on its way to the server.
const UNDERWAY_MS = 60_000;
const MOST_ASKED = 100;

/** Which pages this is: the digest in the name of the file. */
const BUILD = /-([\w-]{8})\.js$/.exec(import.meta.url)?.[1] ?? "";

/**
 * Keep a change, to be sent. It is kept once this resolves, and not before.
 *
 * A change that settles another one takes its place in the order. Rejects with a
 * QuotaExceededError if the tablet is full; then nothing has changed.
 */
export async function enqueue(database: Database, change: NewChange): Promise<Change> {
  const made = asStored(change, database.personId, new Date());
  const kept = await database.write(["changes"], async ({ store }) => {
    const known = await store.index("id").get(made.id);
    if (known !== undefined) {
      return known; // a connection was lost after the first time
    }
    const settledOne =
      made.resolves === null ? undefined : await store.index("id").get(made.resolves);
    const isOpen = settledOne?.status === "conflict" || settledOne?.status === "refused";
    const row = isOpen ? { ...made, seq: settledOne.seq } : made;
    const seq = await store.put(row as StoredChange);
    return { ...row, seq };
  });
  database.changed({ changes: true, made: true });
  return kept;
}

function asStored(change: NewChange, person: number, now: Date): Omit<StoredChange, "seq"> {
  return {
    ...change,
    id: change.id ?? crypto.randomUUID(),
    resolves: change.resolves ?? null,
    key: keyOf(change.product),
    person,
    madeAt: now.toISOString(),
    build: BUILD,
    status: "waiting",
    attempts: 0,
    triedAt: null,
    settledAt: null,
    result: null,
  };
}

/**
 * Take a change back. `sent`: the server has it. `unknown`: it may have, and nobody can say now.
 *
 * What the server refused or contested is given up here alone.
 */
export function discard(database: Database, id: string): Promise<"discarded" | "sent" | "unknown"> {
  return taken(database, id, "discarded", () => null);
}

/**
 * Let a change say something else. One that the server refused or contested is made anew, under
 * another name, and takes the place of the old one.
 */
export function amend(
  database: Database,
  id: string,
  payload: Payloads[keyof Payloads],
): Promise<"amended" | "sent" | "unknown"> {
  return taken(database, id, "amended", (change) => {
    if (change.status === "waiting") {
      return { ...change, payload };
    }
    const { kind, product, baseVersion, label, seq, person } = change;
    const again = { kind, product, payload, baseVersion, label, resolves: change.id } as NewChange;
    return { ...asStored(again, person, new Date()), seq };
  });
}

type Taken<Done> = Done | "sent" | "unknown";

async function taken<Done extends string>(
  database: Database,
  id: string,
  done: Done,
  next: (change: StoredChange) => StoredChange | null,
): Promise<Taken<Done>> {
  const first = await replaced(database, id, done, next);
  if (first !== "unknown") {
    return first;
  }
  // It was sent at least once: the server has to say what became of it, while nobody sends it again.
  const answer = await alone(outboxLock(database.personId), true, async () => {
    const change = await database.use((one) => one.getFromIndex("changes", "id", id));
    const tried = Date.parse(change?.triedAt ?? "");
    if (Date.now() - tried < UNDERWAY_MS) {
      return "unknown";
    }
    const known = await outcomes(database, [id]);
    if (known === null) {
      return "unknown";
    }
    await settle(database, known, new Date());
    return replaced(database, id, done, next, known.length === 0);
  });
  return answer ?? "unknown";
}

/** Replace a change by another one or by nothing, if it surely is not at the server. */
async function replaced<Done extends string>(
  database: Database,
  id: string,
  done: Done,
  next: (change: StoredChange) => StoredChange | null,
  isUnsent = false,
): Promise<Taken<Done>> {
  const outcome = await database.write(["changes"], async ({ store }): Promise<Taken<Done>> => {
    const change = await store.index("id").get(id);
    if (change === undefined) {
      return done; // a connection was lost after the first time, or another tab was quicker
    }
    if (change.status === "sent") {
      return "sent";
    }
    // Whoever sends counts the attempt first, in a transaction like this one.
    if (change.status === "waiting" && change.attempts > 0 && !isUnsent) {
      return "unknown";
    }
    const row = next(change);
    await (row === null ? store.delete(change.seq) : store.put(row));
    return done;
  });
  if (outcome === done) {
    database.changed({ changes: true, made: true });
  }
  return outcome;
}

/**
 * Ask the server what became of changes; those that it does not know are left out.
 *
 * Null: nobody could say. To somebody else the server says nothing of these.
 */
export async function outcomes(
  database: Database,
  ids: readonly string[],
): Promise<readonly Result[] | null> {
  const found: Result[] = [];
  try {
    if (ids.length > 0 && (await session()).user_id !== database.personId) {
      return null;
    }
    for (let first = 0; first < ids.length; first += MOST_ASKED) {
      const some = ids.slice(first, first + MOST_ASKED).join(",");
      const headers = { "Shelfmark-Device": await deviceName() };
      const { data } = await ask<unknown>(`sync/ops?ids=${some}`, { headers, isUrgent: true });
      const results = resultsIn(data);
      if (results === null) {
        return null;
      }
      found.push(...results);
    }
  } catch (error) {
    if (error instanceof Unreachable || error instanceof Refused) {
      return null;
    }
    throw error;
  }
  return found.filter(({ id }) => ids.includes(id));
}

/** Return everything that is not sent, as a file that shows whether somebody changed it. */
export async function exported(database: Database): Promise<Blob> {
  const all = await database.use((connection) => connection.getAll("changes"));
  const changes = all.filter((one) => one.status !== "sent").map(({ key: _, ...change }) => change);
  const sealed = JSON.stringify({
    person: database.personId,
    device: await deviceName(),
    exported_at: new Date().toISOString(),
    changes,
  });
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(sealed));
  const sha256 = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0"));
  // The seal is over the text within, so that it does not depend on how somebody writes JSON.
  const file = { format: "shelfmark-outbox/1", sha256: sha256.join(""), sealed };
  return new Blob([JSON.stringify(file, null, 2)], { type: "application/json" });
}
