// What stays on the tablet when somebody leaves it: nothing, or the changes that wait for them.
import { Database } from "./database.ts";
import { noteSealed } from "./person.ts";

/** Return how many changes wait for this person or for the server. */
export function unsettledCount(database: Database): Promise<number> {
  return database.use(async (connection) => {
    const index = connection.transaction("changes").store.index("status");
    const counts = await Promise.all([
      index.count("waiting"),
      index.count("conflict"),
      index.count("refused"),
    ]);
    return counts.reduce((sum, count) => sum + count, 0);
  });
}

/**
 * Take what belongs to this person off the tablet. Changes that wait stay, sealed: nothing else is
 * left beside them, and they are sent when this person signs in here again.
 */
export async function putAway(database: Database): Promise<void> {
  const count = await unsettledCount(database);
  if (count > 0) {
    await strip(database);
  }
  database.close();
  if (count === 0) {
    await remove(database.name);
  }
  await noteSealed(database.personId, count);
}

/** Put away what others left here, as far as this browser says who did. */
export async function putOthersAway(personId: number): Promise<void> {
  const there = (await indexedDB.databases?.()) ?? [];
  for (const { name } of there) {
    const id = Number(/^shelfmark-u(\d+)$/.exec(name ?? "")?.[1]);
    if (id > 0 && id !== personId) {
      await putAway(new Database(id));
    }
  }
}

async function strip(database: Database): Promise<void> {
  await database.write(
    ["products", "predictions", "categories", "queue", "drafts", "meta", "changes"],
    async (transaction) => {
      for (const name of transaction.objectStoreNames) {
        if (name !== "changes") {
          await transaction.objectStore(name).clear();
        }
      }
      const sent = await transaction.objectStore("changes").index("status").getAllKeys("sent");
      for (const seq of sent) {
        await transaction.objectStore("changes").delete(seq);
      }
    },
  );
}

function remove(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    // Another tab that holds the database closes it when asked; either way they may go.
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}
