// Reads what changed on the server: page by page, each in one transaction with the place to go on
// from, so that it can be cut off anywhere.
import { ask, Refused, Unreachable } from "../api/client.ts";
import { below } from "../api/next.ts";
import type { Product, QueuePage, Waiting } from "../api/types.ts";
import type { Change } from "./changes.ts";
import { type Database, type Mirror, UNREAD, type Writing } from "./database.ts";
import { deviceName } from "./device.ts";
import { alone, pullLock } from "./locks.ts";
import { outcomes } from "./outbox.ts";
import { newer } from "./rows.ts";
import { session } from "./session.ts";
import { isProduct, settle } from "./settle.ts";

export interface Pulled {
  /** `forbidden`: this person does not look at products. The others as of `Flushed`. */
  state: "done" | "busy" | "auth" | "unreachable" | "later" | "forbidden";
  /** How many products and categories came. */
  changed: number;
  /** Whether everything had to be read anew, because what was known cannot be continued. */
  resynced: boolean;
}

interface Category {
  id: number;
  path: string;
  version: number;
}

interface Page {
  epoch: string;
  cursor: string;
  has_more: boolean;
  is_snapshot: boolean;
  sync_head: number;
  my_changes_through: number | null;
  changes: readonly (
    | { c: "product"; id: number; op: "upsert"; data: Product }
    | { c: "category"; id: number; op: "upsert"; data: Category }
    | { c: "product" | "category"; id: number; op: "delete"; data: null }
  )[];
}

const REVIEWS = "predictions.review_prediction";
const PAGE = 500;
const PAGE_OF_ALL = 2000;
const PATIENCE_MS = 30_000;
const MOST_QUEUED = 200;
const QUEUE_AGE_MS = 300_000;
export const KEPT_DAYS = 14;
export const KEPT_SENT = 500;
const DAY_MS = 86_400_000;

/** Read everything that changed, and the review queue. `onPage` hears how much has come. */
export async function pull(
  database: Database,
  onPage: (count: number) => void = () => undefined,
): Promise<Pulled> {
  const done = await alone(pullLock(database.personId), false, () => run(database, onPage));
  return done ?? { state: "busy", changed: 0, resynced: false };
}

async function run(database: Database, onPage: (count: number) => void): Promise<Pulled> {
  const told: Pulled = { state: "done", changed: 0, resynced: false };
  try {
    const { user_id, permissions } = await session();
    if (user_id !== database.personId) {
      return { ...told, state: "auth" };
    }
    await pages(database, told, onPage);
    await readQueue(database, told.changed > 0, permissions.includes(REVIEWS));
    await tidy(database, new Date());
  } catch (error) {
    told.state = stateOf(error);
  }
  return told;
}

function stateOf(error: unknown): Pulled["state"] {
  if (error instanceof Unreachable) {
    return "unreachable";
  }
  if (!(error instanceof Refused)) {
    throw error;
  }
  if (error.status === 401) {
    return "auth";
  }
  if (error.status === 403) {
    return "forbidden";
  }
  return error.status >= 500 && error.status !== 503 ? "unreachable" : "later";
}

async function pages(
  database: Database,
  told: Pulled,
  onPage: (count: number) => void,
): Promise<void> {
  for (let hasMore = true; hasMore; ) {
    const mirror = await database.mirror();
    if (mirror.asksSent) {
      await askWhatIsThere(database);
      continue;
    }
    let page: Page;
    try {
      page = await read(mirror);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 410 || told.resynced) {
        throw error;
      }
      told.resynced = true;
      await startAgain(database);
      continue;
    }
    await keep(database, mirror.cursor, page);
    told.changed += page.changes.length;
    onPage(told.changed);
    await askAboutUnknown(database, page.my_changes_through ?? 0);
    hasMore = page.has_more;
  }
}

async function read({ cursor, isBuilding }: Mirror): Promise<Page> {
  const asked = new URLSearchParams(cursor === null ? {} : { cursor });
  asked.set("limit", String(cursor === null || isBuilding ? PAGE_OF_ALL : PAGE));
  const { data } = await ask<Partial<Page> | null>(`sync/changes?${asked}`, {
    headers: { "Shelfmark-Device": await deviceName() },
    isUrgent: true,
    timeoutMs: PATIENCE_MS,
  });
  const isPage =
    typeof data?.cursor === "string" &&
    typeof data.epoch === "string" &&
    typeof data.has_more === "boolean" &&
    Array.isArray(data.changes) &&
    data.changes.every(isChange);
  if (!isPage) {
    throw new Unreachable();
  }
  return data as Page;
}

function isChange(one: Partial<Page["changes"][number]> | null): boolean {
  if (!Number.isSafeInteger(one?.id)) {
    return false;
  }
  if (one?.op === "delete") {
    return true;
  }
  return one?.c === "product"
    ? isProduct(one.data)
    : typeof (one?.data as Partial<Category> | null | undefined)?.path === "string";
}

type Keeping = Writing<["products", "categories", "predictions", "queue", "meta"]>;

/** Write down one page, and from where to go on. */
async function keep(database: Database, cursor: string | null, page: Page): Promise<void> {
  const now = new Date();
  const touched = await database.write(
    ["products", "categories", "predictions", "queue", "meta"],
    async (transaction) => {
      const meta = transaction.objectStore("meta");
      const before = (await meta.get("mirror")) ?? UNREAD;
      if (before.cursor !== cursor) {
        return { products: [] }; // somebody signed out meanwhile
      }
      const isFirst = cursor === null;
      const generation = before.generation + Number(isFirst);
      const isBuilding = isFirst || before.isBuilding;
      const isLast = isBuilding && !(page.is_snapshot && page.has_more);
      await Promise.all(page.changes.map((one) => apply(transaction, one, generation, now)));
      const swept = isLast ? await sweep(transaction, generation) : [];
      await meta.put(
        {
          ...before,
          cursor: page.cursor,
          epoch: page.epoch,
          generation,
          isBuilding: isBuilding && !isLast,
          isComplete: isLast || (before.isComplete && !isFirst),
          head: page.sync_head,
          lastPull: page.has_more ? before.lastPull : now.toISOString(),
        },
        "mirror",
      );
      const products = page.changes.filter(({ c }) => c === "product").map(({ id }) => id);
      return { products: [...products, ...swept] };
    },
    "relaxed",
  );
  const hasCategories = page.changes.some(({ c }) => c === "category") || cursor === null;
  database.changed({ ...touched, ...(hasCategories && { categories: true }) });
}

async function apply(
  transaction: Keeping,
  change: Page["changes"][number],
  generation: number,
  now: Date,
): Promise<void> {
  const { id } = change;
  if (change.c === "category") {
    const categories = transaction.objectStore("categories");
    const { path, version } = change.data ?? {};
    await (path === undefined
      ? categories.delete(id)
      : categories.put({ id, path, version: version ?? 0, generation }));
    return;
  }
  if (change.op === "delete") {
    await forget(transaction, id);
    return;
  }
  const products = transaction.objectStore("products");
  const row = newer(await products.get(id), change.data as Product, now, generation);
  if (row !== null) {
    await products.put(row);
  }
}

async function forget(transaction: Keeping, id: number): Promise<void> {
  await Promise.all([
    transaction.objectStore("products").delete(id),
    transaction.objectStore("predictions").delete(id),
    transaction.objectStore("queue").delete(id),
  ]);
}

/** Take away what was not there when everything was read. Changes that wait for it stay. */
async function sweep(transaction: Keeping, generation: number): Promise<readonly number[]> {
  const older = IDBKeyRange.upperBound(generation, true);
  const products = transaction.objectStore("products").index("generation");
  const categories = transaction.objectStore("categories");
  const [gone, paths] = await Promise.all([
    products.getAllKeys(older),
    categories.index("generation").getAllKeys(older),
  ]);
  await Promise.all([
    ...gone.map((id) => forget(transaction, id)),
    ...paths.map((id) => categories.delete(id)),
  ]);
  return gone;
}

/** Read everything anew. What is here stays until that is done, and the outbox in any case. */
async function startAgain(database: Database): Promise<void> {
  await database.write(["meta"], async ({ store }) => {
    const mirror = (await store.get("mirror")) ?? UNREAD;
    await store.put(
      { ...mirror, cursor: null, isBuilding: false, isComplete: false, asksSent: true },
      "mirror",
    );
  });
}

/**
 * Ask whether the server still has what it was sent, and send again what it has not.
 *
 * A database that was restored from yesterday has forgotten what tablets sent today.
 */
async function askWhatIsThere(database: Database): Promise<void> {
  const since = new Date(Date.now() - KEPT_DAYS * DAY_MS).toISOString();
  const told = await database.use((one) => one.getAll("changes"));
  const settled = told.filter(
    ({ status, settledAt }) => isTold(status) && (settledAt ?? "") > since,
  );
  const known = await outcomes(
    database,
    settled.map(({ id }) => id),
  );
  if (known === null) {
    throw new Unreachable();
  }
  const there = new Set(known.map(({ id }) => id));
  const forgotten = settled.filter(({ id }) => !there.has(id));
  await database.write(["changes", "aliases", "meta"], async (transaction) => {
    for (const { seq, id, product, kind } of forgotten) {
      const change = await transaction.objectStore("changes").get(seq);
      if (change?.id === id && isTold(change.status)) {
        const again = { status: "waiting", attempts: 0, triedAt: null } as const;
        const row = { ...change, ...again, settledAt: null, result: null };
        await transaction.objectStore("changes").put(row);
      }
      if (kind === "product.create" && product !== null && "uuid" in product) {
        await transaction.objectStore("aliases").delete(product.uuid);
      }
    }
    const meta = transaction.objectStore("meta");
    const mirror = (await meta.get("mirror")) ?? UNREAD;
    await meta.put({ ...mirror, asksSent: false }, "mirror");
  });
  database.changed({ changes: true, ...(forgotten.length > 0 && { made: true }) });
}

function isTold(status: Change["status"]): boolean {
  return status === "sent" || status === "conflict";
}

/** The server has come this far with our changes: ask about those whose answer was lost. */
async function askAboutUnknown(database: Database, through: number): Promise<void> {
  const waiting = await database.use((one) => one.getAllFromIndex("changes", "status", "waiting"));
  const unknown = waiting.filter(({ attempts, seq }) => attempts > 0 && seq <= through);
  const known = await outcomes(
    database,
    unknown.map(({ id }) => id),
  );
  if (known !== null && known.length > 0) {
    await settle(database, known, new Date());
  }
}

/** Read what waits for a review. Whoever does not review has none. */
async function readQueue(database: Database, isNews: boolean, mayReview: boolean): Promise<void> {
  const { queueReadAt } = await database.mirror();
  const age = Date.now() - Date.parse(queueReadAt ?? "");
  if (!isNews && age < QUEUE_AGE_MS) {
    return;
  }
  const found: Waiting[] = [];
  let next = mayReview ? "reviews/queue?limit=100" : null;
  while (next !== null && found.length < MOST_QUEUED) {
    const told: { data: Partial<QueuePage> | null } = await ask(next, { isUrgent: true });
    if (!Array.isArray(told.data?.results)) {
      throw new Unreachable();
    }
    found.push(...told.data.results);
    next = told.data.next ? below(told.data.next) : null;
  }
  await database.write(
    ["queue", "meta"],
    async (transaction) => {
      const queue = transaction.objectStore("queue");
      await queue.clear();
      for (const [place, waiting] of found.slice(0, MOST_QUEUED).entries()) {
        await queue.put({ productId: waiting.product.id, place, waiting });
      }
      const meta = transaction.objectStore("meta");
      const mirror = (await meta.get("mirror")) ?? UNREAD;
      await meta.put({ ...mirror, queueReadAt: new Date().toISOString() }, "mirror");
    },
    "relaxed",
  );
  database.changed({});
}

/** Forget what was sent long ago: the server has it, and its record of the past, too. */
async function tidy(database: Database, now: Date): Promise<void> {
  const since = new Date(now.getTime() - KEPT_DAYS * DAY_MS).toISOString();
  const sent = await database.use((one) => one.getAllFromIndex("changes", "status", "sent"));
  const newest = sent.sort((a, b) => b.seq - a.seq);
  const old = newest.filter(
    ({ settledAt }, place) => place >= KEPT_SENT || (settledAt ?? "") < since,
  );
  if (old.length > 0) {
    await database.write(["changes"], async ({ store }) => {
      await Promise.all(old.map(({ seq }) => store.delete(seq)));
    });
    database.changed({ changes: true });
  }
}
