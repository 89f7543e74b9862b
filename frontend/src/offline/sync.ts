// Sends what waits on this tablet. The page and the worker do it in the same way, one at a time.
//
// A change leaves the queue only when the server said what became of it. Everything else, an answer
// that is lost, cut off, late or from somebody else, leaves it there under the same name, and the
// server carries it out once.
import { ask, Refused, Unreachable } from "../api/client.ts";
import { canonical } from "./catalogue.ts";
import { type Change, keyOf } from "./changes.ts";
import type { Database, StoredChange } from "./database.ts";
import { deviceName } from "./device.ts";
import { alone, outboxLock } from "./locks.ts";
import { session } from "./session.ts";
import { fate, refusal, resultsIn, settle } from "./settle.ts";

export { type Pulled, pull } from "./pull.ts";

export interface Flushed {
  /**
   * `busy`: somebody else is sending. `auth`: this person has to sign in. `unreachable`: no answer.
   * `later`: the server asks for patience, or could not do all of it now.
   */
  state: "done" | "busy" | "auth" | "unreachable" | "later";
  sent: number;
  /** What still waits, also behind something that needs a decision. */
  left: number;
  /** How long the server asked us to wait. */
  pauseMs?: number;
  /** How far the server is, if it said so. */
  head?: number;
}

const MOST = 50;
const MOST_BYTES = 250_000;
const PATIENCE_MS = 15_000;
const LONGEST_PAUSE_S = 300;

/** Until when the server asked us to wait, by person. */
const notBefore = new Map<number, number>();

/** Send what can be sent, in the order in which it was made. */
export async function flush(database: Database): Promise<Flushed> {
  const done = await alone(outboxLock(database.personId), false, () => new Flush(database).run());
  return done ?? { state: "busy", sent: 0, left: await waiting(database) };
}

function waiting(database: Database): Promise<number> {
  return database.use((one) => one.countFromIndex("changes", "status", "waiting"));
}

type Stop = Exclude<Flushed["state"], "busy">;

/** One go at the queue. */
class Flush {
  readonly #database: Database;
  /** Changes that the server stumbles over; those after them go first, this time. */
  readonly #aside = new Set<string>();
  #most = MOST;
  #sent = 0;
  #csrf = "";
  #pauseMs = 0;
  #head = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async run(): Promise<Flushed> {
    const state = await this.#run();
    const left = await waiting(this.#database);
    const told = { state, sent: this.#sent, left };
    return {
      ...told,
      ...(this.#pauseMs > 0 && { pauseMs: this.#pauseMs }),
      ...(this.#head > 0 && { head: this.#head }),
    };
  }

  async #run(): Promise<Stop> {
    const pause = (notBefore.get(this.#database.personId) ?? 0) - Date.now();
    if ((await this.#ready()).length === 0) {
      return "done";
    }
    if (pause > 0) {
      this.#pauseMs = pause;
      return "later";
    }
    try {
      if (!(await this.#isSignedIn())) {
        return "auth";
      }
      for (;;) {
        const batch = await this.#take();
        if (batch.length === 0) {
          return this.#aside.size > 0 ? "later" : "done";
        }
        const stop = await this.#send(batch);
        if (stop !== null) {
          return stop;
        }
      }
    } catch (error) {
      if (error instanceof Unreachable) {
        return "unreachable";
      }
      if (error instanceof Refused) {
        return this.#refused(error);
      }
      throw error;
    }
  }

  async #isSignedIn(): Promise<boolean> {
    const { user_id, csrf } = await session();
    this.#csrf = csrf;
    return user_id === this.#database.personId;
  }

  /** Return what can be sent now: of one product nothing that comes after something unsettled. */
  async #ready(): Promise<readonly StoredChange[]> {
    const [changes, aliases] = await this.#database.use((one) =>
      Promise.all([openChanges(one), one.getAll("aliases")]),
    );
    const ids = new Map(aliases.map(({ uuid, id }) => [uuid, id]));
    const held = new Set<string>();
    const ready: StoredChange[] = [];
    for (const change of changes) {
      const key = change.product === null ? "" : keyOf(canonical(change.product, ids));
      const isWaiting = change.status === "waiting" && !this.#aside.has(change.id);
      if (isWaiting && !held.has(key)) {
        ready.push(change);
      } else if (key !== "" && holds(change)) {
        held.add(key);
      }
    }
    return ready;
  }

  /** Take the next batch, and note that it is on its way before it is. */
  async #take(): Promise<readonly StoredChange[]> {
    const batch: StoredChange[] = [];
    let bytes = 0;
    for (const change of await this.#ready()) {
      bytes += new TextEncoder().encode(JSON.stringify(sendable(change))).length;
      if (batch.length === this.#most || (batch.length > 0 && bytes > MOST_BYTES)) {
        break;
      }
      batch.push(change);
    }
    const triedAt = new Date().toISOString();
    const taken = await this.#database.write(["changes"], async ({ store }) => {
      const still: StoredChange[] = [];
      for (const { seq, id } of batch) {
        const change = await store.get(seq);
        // Somebody may have taken it back, or changed it, a moment ago.
        if (change?.id === id && change.status === "waiting") {
          const tried = { ...change, attempts: change.attempts + 1, triedAt };
          await store.put(tried);
          still.push(tried);
        }
      }
      return still;
    });
    this.#database.changed({ changes: true });
    return taken;
  }

  /** Send a batch and write down what became of it. Return why to stop, null to go on. */
  async #send(batch: readonly StoredChange[], isAgain = false): Promise<Stop | null> {
    try {
      const { data } = await ask<{ sync_head?: unknown }>("sync/push", {
        method: "POST",
        csrf: this.#csrf,
        headers: { "Shelfmark-Device": await deviceName() },
        timeoutMs: PATIENCE_MS,
        body: await envelope(batch),
      });
      const results = resultsIn(data);
      const ids = new Set(batch.map(({ id }) => id));
      if (results === null || !results.every(({ id }) => ids.has(id))) {
        return "unreachable"; // this is not what we asked for
      }
      const head = Number(data.sync_head) || undefined;
      const settledNow = await settle(this.#database, results, new Date(), head);
      this.#head = Math.max(this.#head, head ?? 0);
      this.#sent += results.filter((one) => fate(one) === "sent").length;
      this.#most = Math.min(MOST, this.#most * 2);
      if (results.some(({ code }) => code === "actor_mismatch")) {
        return "auth";
      }
      for (const result of results) {
        if (fate(result) === null && result.code !== "held") {
          this.#aside.add(result.id);
        }
      }
      return settledNow > 0 ? null : "later";
    } catch (error) {
      if (error instanceof Unreachable && error.isSentElsewhere) {
        return "auth";
      }
      if (!(error instanceof Refused)) {
        throw error;
      }
      if (error.status === 403 && error.code === "csrf_failed" && !isAgain) {
        return (await this.#isSignedIn()) ? this.#send(batch, true) : "auth";
      }
      return this.#stumbled(batch, error);
    }
  }

  /** The server refused a whole request: find out which change it is, so that the others go on. */
  async #stumbled(batch: readonly StoredChange[], error: Refused): Promise<Stop | null> {
    const isFault = [400, 413, 415, 422].includes(error.status);
    const [only] = batch;
    if (!isFault && error.status !== 500) {
      return this.#refused(error);
    }
    if (batch.length > 1 || only === undefined) {
      this.#most = Math.max(1, batch.length >> 1);
    } else if (isFault) {
      const { code, message } = error;
      await settle(this.#database, [refusal(only, code || "invalid", message)], new Date());
    } else {
      this.#aside.add(only.id);
    }
    return null;
  }

  #refused(error: Refused): Stop {
    if (error.status === 401) {
      return "auth";
    }
    const seconds = Number(error.headers.get("Retry-After"));
    if (seconds > 0) {
      this.#pauseMs = Math.min(seconds, LONGEST_PAUSE_S) * 1000;
      notBefore.set(this.#database.personId, Date.now() + this.#pauseMs);
    }
    return error.status >= 500 && seconds === 0 ? "unreachable" : "later";
  }
}

// What nobody else builds on holds nothing up.
function holds({ kind }: Change): boolean {
  return kind !== "prediction.skip" && kind !== "conflict.dismiss";
}

async function openChanges(
  connection: Parameters<Parameters<Database["use"]>[0]>[0],
): Promise<readonly StoredChange[]> {
  const index = connection.transaction("changes").store.index("status");
  const found = await Promise.all([
    index.getAll("waiting"),
    index.getAll("conflict"),
    index.getAll("refused"),
  ]);
  return found.flat().sort((a, b) => a.seq - b.seq);
}

async function envelope(batch: readonly StoredChange[]): Promise<unknown> {
  return {
    protocol: 1,
    device: await deviceName(),
    sent_at: new Date().toISOString(),
    build: batch.at(-1)?.build ?? "",
    changes: batch.map(sendable),
  };
}

function sendable(change: StoredChange): unknown {
  const { id, seq, person, kind, product, payload, resolves } = change;
  return {
    id,
    seq,
    person,
    kind,
    product,
    base_version: change.baseVersion,
    payload,
    made_at: change.madeAt,
    resolves,
  };
}
