// Which change belongs where in the sync centre, and what settles one. Pure, so that tests can read it.

import type { Product } from "../../api/types.ts";
import {
  type Change,
  keyOf,
  type NewChange,
  type Payloads,
  type Seen,
} from "../../offline/changes.ts";
import { baseOf, payload } from "./words.ts";

export interface Sections {
  conflict: readonly Change[];
  refused: readonly Change[];
  /** In the order in which they are sent. */
  waiting: readonly Change[];
  /** The last one first. */
  sent: readonly Change[];
}

/** Sort changes into sections. What a later change settles is not shown: that one is. */
export function sections(changes: readonly Change[]): Sections {
  const settled = new Set(changes.map((one) => one.resolves));
  const open = changes.filter((one) => !settled.has(one.id));
  const of = (status: Change["status"]) => open.filter((one) => one.status === status);
  return {
    conflict: of("conflict"),
    refused: of("refused"),
    waiting: of("waiting"),
    sent: changes.filter((one) => one.status === "sent").reverse(),
  };
}

/** Return the changes that make no sense without this one: later ones of a product made by it. */
export function dependents(change: Change, changes: readonly Change[]): Change[] {
  if (change.kind !== "product.create") {
    return [];
  }
  const key = keyOf(change.product);
  return changes.filter(
    (one) => one.seq > change.seq && one.status !== "sent" && keyOf(one.product) === key,
  );
}

/** The same once more, on top of what the server has now. */
export function again(change: Change): NewChange {
  const now = change.result?.product ?? null;
  const { kind, product, label } = change;
  return {
    kind,
    product,
    label,
    payload: rebased(change, now),
    baseVersion: now?.version ?? change.baseVersion,
    resolves: change.id,
  } as NewChange;
}

function rebased(change: Change, now: Product | null): Change["payload"] {
  const edit = payload(change, "product.edit");
  if (now === null) {
    return change.payload;
  }
  if (edit !== null) {
    return { set: edit.set, base: baseOf(now, edit.set) };
  }
  const { seen } = change.payload as { seen?: Seen };
  return seen === undefined
    ? change.payload
    : ({
        ...change.payload,
        seen: { ...seen, category_id: now.category_id },
      } as Payloads["product.categorize"]);
}

/** Leave what is there. */
export function dismissal(change: Change): NewChange {
  return {
    kind: "conflict.dismiss",
    product: change.product,
    payload: {},
    baseVersion: change.result?.product?.version ?? null,
    label: change.label,
    resolves: change.id,
  };
}
