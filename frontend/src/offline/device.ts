// This installation: the name that it gave itself, and what it knows of the server's log.
//
// In a database of its own, which belongs to nobody: signing out leaves it alone.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

/** What is wrong with what the server showed. */
export type Reason = "refused" | "signature" | "shorter" | "rewritten";

/** Two statements of one server that cannot both be true, kept word for word. */
export interface Alarm {
  at: string;
  reason: Reason;
  kept: string;
  /** Empty if the server showed nothing else. */
  seen: string;
  proof: readonly unknown[];
}

export interface Witnessed {
  /** This installation, by a name that it gave itself. */
  tablet: string;
  /** The keys that this tablet trusts: the first it saw, and those that such a key has named. */
  vkeys: readonly string[];
  /** The last note that was accepted; empty before the first. */
  note: string;
  size: number;
  /** When the server last proved its log to be whole, by the clock of this tablet. */
  checkedAt: string;
  /** False: this browser cannot check signatures. The proofs are checked all the same. */
  isSigned: boolean;
  /** The first thing that was wrong. It stays, whatever the server shows later. */
  alarm: Alarm | null;
}

interface Schema extends DBSchema {
  log: { key: string; value: Witnessed };
}

const KEY = "witnessed";

async function used<T>(use: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  const database = await openDB<Schema>("shelfmark-log", 1, {
    upgrade: (made) => void made.createObjectStore("log"),
  });
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

/** Return what this tablet knows of the log; undefined before it first asked. */
export function witnessed(): Promise<Witnessed | undefined> {
  return used((database) => database.get("log", KEY));
}

/** Return the name that this tablet gave itself. */
export async function deviceName(): Promise<string> {
  return (await keep((found) => found)).tablet;
}

/** Change what is kept, from what is there at this moment: another tab may have been quicker. */
export function keep(change: (now: Witnessed) => Witnessed): Promise<Witnessed> {
  return used(async (database) => {
    const transaction = database.transaction("log", "readwrite");
    const next = change((await transaction.store.get(KEY)) ?? stranger());
    await transaction.store.put(next, KEY);
    await transaction.done;
    return next;
  });
}

function stranger(): Witnessed {
  const tablet = crypto.randomUUID();
  return { tablet, vkeys: [], note: "", size: 0, checkedAt: "", isSigned: false, alarm: null };
}
