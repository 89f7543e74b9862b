// Who uses this tablet, as the server last said. One small database that belongs to nobody; what
// belongs to a person is in a database of that person (store.ts).
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

export interface Person {
  id: number;
  name: string;
  permissions: readonly string[];
  permsHash: string;
  /** When the server last said so, by the clock of this tablet (ISO 8601). */
  seenAt: string;
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
}

interface Tablet extends DBSchema {
  meta: { key: string; value: Person };
}

const LAST = "person";

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
  return used((database) => database.get("meta", LAST));
}

/** Keep what the server said. Return the person, or null if nobody is signed in. */
export async function remember(session: Session, now: Date): Promise<Person | null> {
  if (!session.authenticated || session.user_id === null) {
    await forget();
    return null;
  }
  const person: Person = {
    id: session.user_id,
    name: session.display_name ?? session.username ?? "",
    permissions: session.permissions,
    permsHash: session.perms_hash,
    seenAt: now.toISOString(),
  };
  await used((database) => database.put("meta", person, LAST));
  return person;
}

export async function forget(): Promise<void> {
  await used((database) => database.delete("meta", LAST));
}

/** The name under which answers for this person are kept: another role is another person. */
export function keyOf(person: Pick<Person, "id" | "permsHash">): string {
  return `${person.id}:${person.permsHash}`;
}
