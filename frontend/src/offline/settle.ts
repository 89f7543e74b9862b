// What the server said about changes, written down in one transaction with what it means for the
// products: nothing flickers, and nothing is settled by half.
import type { Product } from "../api/types.ts";
import type { Change, Result, Status } from "./changes.ts";
import { type Database, type Mirror, type StoredChange, type Touched, UNREAD } from "./database.ts";
import { decides } from "./overlay.ts";
import { newer } from "./rows.ts";

const STATUSES: readonly unknown[] = ["applied", "duplicate", "conflict", "rejected", "deferred"];
// The server did not keep these: the change is as good as never sent.
const NOT_KEPT: readonly unknown[] = ["actor_mismatch"];

const STORES: ["changes", "products", "aliases", "queue", "meta"] = [
  "changes",
  "products",
  "aliases",
  "queue",
  "meta",
];

/** Return the results in an answer; null if it is none, whatever else it may be. */
export function resultsIn(answer: unknown): readonly Result[] | null {
  const { results } = (answer ?? {}) as { results?: unknown };
  return Array.isArray(results) && results.every(isResult) ? results : null;
}

function isResult(one: Partial<Result> | null): one is Result {
  return (
    typeof one?.id === "string" &&
    STATUSES.includes(one.status) &&
    (one.product === null || isProduct(one.product))
  );
}

export function isProduct(one: unknown): one is Product {
  const { id, version, sku, name } = (one ?? {}) as Partial<Product>;
  return (
    Number.isSafeInteger(id) &&
    Number.isSafeInteger(version) &&
    typeof sku === "string" &&
    typeof name === "string"
  );
}

/** Return what becomes of a change with this result; null: it waits on, and is surely not there. */
export function fate(result: Result): Exclude<Status, "waiting"> | null {
  const { status, was, code } = result;
  if (NOT_KEPT.includes(code)) {
    return null;
  }
  switch (status === "duplicate" ? (was ?? "applied") : status) {
    case "applied":
      return "sent";
    case "conflict":
      return "conflict";
    case "rejected":
      return "refused";
    default:
      return null;
  }
}

/**
 * Write down what became of changes. Return how many of them were settled by that.
 *
 * `head` is how far the server was when it said so, if it told.
 */
export async function settle(
  database: Database,
  results: readonly Result[],
  now: Date,
  head = Number.POSITIVE_INFINITY,
): Promise<number> {
  const { count, products } = await database.write(STORES, async (transaction) => {
    const changes = transaction.objectStore("changes");
    const mirror: Mirror = (await transaction.objectStore("meta").get("mirror")) ?? UNREAD;
    const products: number[] = [];
    let count = 0;
    for (const result of results) {
      const change = await changes.index("id").get(result.id);
      if (change?.status !== "waiting") {
        continue; // another tab was quicker, or somebody discarded it
      }
      const next = settled(change, result, now);
      await changes.put(next);
      count += Number(next.status !== "waiting");
      const { product } = result;
      if (product === null || next.status === "waiting") {
        continue;
      }
      products.push(product.id);
      const rows = transaction.objectStore("products");
      const known = await rows.get(product.id);
      // An answer can be long on its way: what is gone from here was deleted meanwhile, and so was
      // what was made here if more has been read since and it was not there.
      const isOld = (change.product !== null && "id" in change.product) || head < mirror.head;
      const row =
        known === undefined && isOld ? null : newer(known, product, now, mirror.generation);
      if (row !== null) {
        const opened = change.kind === "product.create" && { openedAt: now.toISOString() };
        await rows.put({ ...row, ...opened });
      }
      if (change.product !== null && "uuid" in change.product) {
        await transaction.objectStore("aliases").put({ uuid: change.product.uuid, id: product.id });
      }
      if (next.status === "sent" && decides(change)) {
        await transaction.objectStore("queue").delete(product.id);
      }
    }
    return { count, products };
  });
  const touched: Touched = { changes: true, products };
  database.changed(touched);
  return count;
}

function settled(change: StoredChange, result: Result, now: Date): StoredChange {
  const status = fate(result);
  if (status === null) {
    return { ...change, attempts: 0, triedAt: null };
  }
  return { ...change, status, result, settledAt: now.toISOString() };
}

/** A refusal that came for a whole request, as one of the only change in it. */
export function refusal(change: Change, code: string, detail: string): Result {
  return {
    id: change.id,
    status: "rejected",
    was: null,
    code,
    detail,
    product: null,
    prediction: null,
    agreement: null,
    rebased: false,
    contested: [],
  };
}
