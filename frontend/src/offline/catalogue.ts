// Every product of this tablet in memory, in the order of their names, for the search.
import type { Product } from "../api/types.ts";
import { type Change, keyOf, type ProductRef } from "./changes.ts";
import type { StoredCategory, StoredProduct } from "./database.ts";
import { blank, overlaid } from "./overlay.ts";
import { wordsOf } from "./rows.ts";
import { folded } from "./text.ts";

/** A product as it is shown: what the server said, and over it what waits here. */
export interface Shown {
  ref: ProductRef;
  /** With id 0 and version 0 if it was made here and the server does not know it yet. */
  product: Product;
  waiting: readonly Change[];
  /** Conflicts and what was refused. */
  troubled: readonly Change[];
  storedAt: string;
  openedAt?: string;
}

/** The changes that are not settled, in the order in which they were made. */
export interface Open {
  changes: readonly Change[];
  /** Ids of products that were made here, by the name that they got here. */
  aliases: ReadonlyMap<string, number>;
}

export interface Categories {
  paths: ReadonlyMap<number, string>;
  ids: ReadonlyMap<string, number>;
}

export function categoriesOf(rows: readonly StoredCategory[]): Categories {
  return {
    paths: new Map(rows.map((one) => [one.id, one.path])),
    ids: new Map(rows.map((one) => [one.path, one.id])),
  };
}

/** Return the name under which a product is known now: by its id as soon as it has one. */
export function canonical(ref: ProductRef, aliases: Open["aliases"]): ProductRef {
  const id = "uuid" in ref ? aliases.get(ref.uuid) : undefined;
  return id === undefined ? ref : { id };
}

/** Sort changes by the product that they are about; those about none are left out. */
export function byProduct(open: Open): Map<string, { ref: ProductRef; changes: Change[] }> {
  const found = new Map<string, { ref: ProductRef; changes: Change[] }>();
  for (const change of open.changes) {
    if (change.product !== null) {
      const ref = canonical(change.product, open.aliases);
      const one = found.get(keyOf(ref)) ?? { ref, changes: [] };
      one.changes.push(change);
      found.set(keyOf(ref), one);
    }
  }
  return found;
}

/** Return how a product is shown; null if this tablet knows nothing of it. */
export function shown(
  ref: ProductRef,
  stored: StoredProduct | undefined,
  changes: readonly Change[],
  categories: Categories,
): Shown | null {
  const waiting = changes.filter((one) => one.status === "waiting");
  const troubled = changes.filter((one) => one.status === "conflict" || one.status === "refused");
  const idOf = (path: string) => categories.ids.get(path) ?? null;
  if (stored === undefined) {
    const made = changes.find((one) => one.kind === "product.create" && one.status !== "sent");
    if ("id" in ref || made === undefined) {
      return null;
    }
    // A new product that was refused is still there for whoever made it.
    const counted = changes.filter((one) => one === made || one.status === "waiting");
    const product = overlaid(blank(made.madeAt), counted, idOf);
    return { ref, product, waiting, troubled, storedAt: made.madeAt };
  }
  const { storedAt, openedAt } = stored;
  const product = overlaid(named(stored.product, categories.paths), waiting, idOf);
  return { ref, product, waiting, troubled, storedAt, ...(openedAt && { openedAt }) };
}

// A category that gets another name does not touch its products.
function named(product: Product, paths: Categories["paths"]): Product {
  const path = product.category_id === null ? undefined : paths.get(product.category_id);
  return path === undefined || path === product.category ? product : { ...product, category: path };
}

interface Row {
  place: string;
  words: string;
  stored: StoredProduct;
  /** As long as nothing about it changed, the very same object. */
  shown: Shown | null;
}

const NONE: readonly Change[] = [];

export class Catalogue {
  #rows = new Map<number, Row>();
  #sorted: Row[] | null = null;
  #categories = categoriesOf([]);

  /** Take what is stored under these ids now; ids without a product are forgotten. */
  put(ids: readonly number[], stored: readonly (StoredProduct | undefined)[]): void {
    for (const [index, id] of ids.entries()) {
      const one = stored[index];
      const known = this.#rows.get(id);
      if (one === undefined) {
        this.#rows.delete(id);
        this.#sorted = null;
        continue;
      }
      const place = placeOf(one.product);
      const row: Row = { place, words: one.words, stored: one, shown: null };
      if (known?.place === place) {
        Object.assign(known, row);
      } else {
        this.#rows.set(id, row);
        this.#sorted = null;
      }
    }
  }

  putCategories(rows: readonly StoredCategory[]): void {
    this.#categories = categoriesOf(rows);
    for (const row of this.#rows.values()) {
      row.shown = null;
    }
  }

  /** Return the products that have every word, in the order of their names. */
  find(wanted: readonly string[], open: Open): readonly Shown[] {
    const changed = byProduct(open);
    const has = (text: string) => wanted.every((word) => text.includes(word));
    const found: Shown[] = [];
    for (const row of this.#inOrder()) {
      const isChanged = changed.size > 0 && changed.has(`id:${row.stored.id}`);
      if (!isChanged && has(row.words)) {
        row.shown ??= shown({ id: row.stored.id }, row.stored, NONE, this.#categories);
        found.push(row.shown as Shown);
      }
    }
    for (const { ref, changes } of changed.values()) {
      const stored = "id" in ref ? this.#rows.get(ref.id)?.stored : undefined;
      const one = shown(ref, stored, changes, this.#categories);
      if (one !== null && has(wordsOf(one.product))) {
        insert(found, one);
      }
    }
    return found;
  }

  #inOrder(): readonly Row[] {
    this.#sorted ??= [...this.#rows.values()].sort((a, b) => compare(a.place, b.place));
    return this.#sorted;
  }
}

function placeOf({ name, sku }: Product): string {
  return `${folded(name)}\n${folded(sku)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function insert(sorted: Shown[], one: Shown): void {
  const place = placeOf(one.product);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(placeOf((sorted[middle] as Shown).product), place) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  sorted.splice(low, 0, one);
}
