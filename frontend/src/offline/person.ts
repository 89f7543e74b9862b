// Who uses this tablet, as the server last said it. One small database that belongs to nobody; what
// belongs to a person is in a database of that person (database.ts).
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

export interface Person {
  id: number;
  name: string;
  permissions: readonly string[];
  permsHash: string;
  /** When the server last said so, by the clock of this tablet (ISO 8601). */
  seenAt: string;
  /** When the session ends by itself, by the clock of the server: no two have the same moment. */
  sessionEnds: string | null;
}

/** Whose session has to end, and which one: they may have begun another since. */
export type Leaving = Pick<Person, "id" | "sessionEnds">;

/** Somebody who left changes here that wait for them. */
export interface Sealed {
  id: number;
  name: string;
  count: number;
}

/** What GET /api/v1/session says, as far as it matters here. */
export interface Session {
  authenticated: boolean;
  user_id: number | null;
  username: string | null;
  display_name: string | null;
  permissions: readonly string[];
  perms_hash: string;
  csrf: string;
  session_expires_at?: string | null;
}

interface Tablet extends DBSchema {
  meta: { key: string; value: Person | readonly Sealed[] | Record<number, string> | Leaving };
}

const LAST = "person";
const SEALED = "sealed";
const NAMES = "names";
const LEAVING = "leaving";

// Opened for each use: it is rare, and a connection kept open by the worker or by another tab
// would block the next upgrade.
async function used<T>(use: (database: IDBPDatabase<Tablet>) => Promise<T>): Promise<T> {
  const database = await openDB<Tablet>("shelfmark-tablet", 1, {
    upgrade: (made) => void made.createObjectStore("meta"),
  });
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

export function lastPerson(): Promise<Person | undefined> {
  return used(async (database) => (await database.get("meta", LAST)) as Person | undefined);
}

/**
 * Keep what the server said. Return the person, or null if nobody is signed in.
 *
 * A session that ended by itself makes nobody forgotten: whoever works here goes on, and signs in
 * when there is something to send. To be forgotten, they sign out; an answer about the session that
 * they left, which may be late, does not bring them back.
 */
export async function remember(session: Session, now: Date): Promise<Person | null> {
  if (!session.authenticated || session.user_id === null) {
    return null;
  }
  const person: Person = {
    id: session.user_id,
    name: session.display_name ?? session.username ?? "",
    permissions: session.permissions,
    permsHash: session.perms_hash,
    seenAt: now.toISOString(),
    sessionEnds: session.session_expires_at ?? null,
  };
  return used(async (database) => {
    const { store, done } = database.transaction("meta", "readwrite");
    const left = (await store.get(LEAVING)) as Leaving | undefined;
    if (left?.id === person.id && (left.sessionEnds ?? person.sessionEnds) === person.sessionEnds) {
      await done;
      return null;
    }
    const names = ((await store.get(NAMES)) ?? {}) as Record<number, string>;
    await store.put({ ...names, [person.id]: person.name }, NAMES);
    const sealed = ((await store.get(SEALED)) ?? []) as readonly Sealed[];
    await store.put(
      sealed.filter(({ id }) => id !== person.id),
      SEALED,
    );
    await store.put(person, LAST);
    await done;
    return person;
  });
}

export async function forget(): Promise<void> {
  await used((database) => database.delete("meta", LAST));
}

/** Return who left changes here. */
export async function sealedHere(): Promise<readonly Sealed[]> {
  return used(async (database) => ((await database.get("meta", SEALED)) ?? []) as Sealed[]);
}

/** Note that somebody left so many changes here; none: what they were called is forgotten. */
export async function noteSealed(id: number, count: number): Promise<void> {
  await used(async (database) => {
    const { store, done } = database.transaction("meta", "readwrite");
    const names = { ...((await store.get(NAMES)) as Record<number, string> | undefined) };
    const sealed = ((await store.get(SEALED)) ?? []) as readonly Sealed[];
    const others = sealed.filter((one) => one.id !== id);
    const name = names[id] ?? "";
    if (count === 0) {
      delete names[id];
      await store.put(names, NAMES);
    }
    await store.put(count === 0 ? others : [...others, { id, name, count }], SEALED);
    await done;
  });
}

/** Return who signed out here without the server having heard of it. */
export async function leaving(): Promise<Leaving | undefined> {
  return used(async (database) => (await database.get("meta", LEAVING)) as Leaving | undefined);
}

export async function isLeaving(): Promise<boolean> {
  return (await leaving()) !== undefined;
}

export async function setLeaving(left: Leaving | null): Promise<void> {
  await used(async (database) => {
    await (left ? database.put("meta", left, LEAVING) : database.delete("meta", LEAVING));
  });
}

/** The name under which answers for this person are kept: another role is another person. */
export function keyOf(person: Pick<Person, "id" | "permsHash">): string {
  return `${person.id}:${person.permsHash}`;
}
