// One at a time, in every tab and in the worker. A lock goes away with whoever held it, so that
// nothing stays stuck after a crash.

/** Run `work` alone under this name; null if somebody else has it and we do not wait. */
export async function alone<T>(
  name: string,
  waits: boolean,
  work: () => Promise<T>,
): Promise<T | null> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks !== undefined) {
    return locks.request(name, { ifAvailable: !waits }, (lock) => (lock === null ? null : work()));
  }
  // Without https there is no worker, and all that is left are the tabs, each with its own.
  const before = held.get(name);
  if (before !== undefined && !waits) {
    return null;
  }
  const mine = (before ?? Promise.resolve()).then(work, work);
  held.set(name, mine);
  try {
    return await mine;
  } finally {
    if (held.get(name) === mine) {
      held.delete(name);
    }
  }
}

const held = new Map<string, Promise<unknown>>();

export const outboxLock = (personId: number): string => `shelfmark-outbox-${personId}`;
export const pullLock = (personId: number): string => `shelfmark-pull-${personId}`;
