// What this tablet knows on behalf of one person. Answers are written here first, and the screens
// read from here, so that they show the same with and without a connection.
//
// A database for each person: on a shared tablet nobody reads another's. Versions only ever add
// stores and indexes, because an older page may still be open beside a newer one.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Product, Suggested } from "../api/types.ts";

export interface StoredProduct {
  id: number;
  product: Product;
  /** SKU, name, brand and GTIN in small letters, for the search. */
  words: string;
  sku: string;
  /** 14 digits: GTIN-8 to GTIN-14 are one numbering. */
  gtin: string;
  storedAt: string;
  /** When it was last opened here; never opened products are not in this index. */
  openedAt?: string;
}

export interface StoredPrediction {
  productId: number;
  answer: Suggested;
  storedAt: string;
}

interface Schema extends DBSchema {
  products: {
    key: number;
    value: StoredProduct;
    indexes: { sku: string; gtin: string; openedAt: string };
  };
  predictions: { key: number; value: StoredPrediction };
}

export class Store {
  readonly personId: number;
  #opened: Promise<IDBPDatabase<Schema>> | null = null;
  #listeners = new Set<() => void>();
  #channel: BroadcastChannel | null;

  constructor(personId: number) {
    this.personId = personId;
    this.#channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(this.name) : null;
    this.#channel?.addEventListener("message", () => this.#tell());
  }

  get name(): string {
    return `shelfmark-u${this.personId}`;
  }

  /** Call `listener` whenever something changed here, in this tab or in another one. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  product(id: number): Promise<StoredProduct | undefined> {
    return this.#use((database) => database.get("products", id));
  }

  prediction(productId: number): Promise<StoredPrediction | undefined> {
    return this.#use((database) => database.get("predictions", productId));
  }

  count(): Promise<number> {
    return this.#use((database) => database.count("products"));
  }

  /** Return the digest of the live model whose answer came last, null if none is kept. */
  async modelHeld(): Promise<string | null> {
    const kept = await this.#use((database) => database.getAll("predictions"));
    let newest: StoredPrediction | null = null;
    for (const one of kept) {
      // The canary and the fallback answer beside the live model, not in its place.
      const isLive = one.answer.decision_path === "live";
      if (isLive && (newest === null || one.storedAt > newest.storedAt)) {
        newest = one;
      }
    }
    return newest?.answer.model ?? null;
  }

  /** Return the products that were last opened here, the newest first. */
  recent(limit: number): Promise<StoredProduct[]> {
    return this.#use(async (database) => {
      const found: StoredProduct[] = [];
      let cursor = await database
        .transaction("products")
        .store.index("openedAt")
        .openCursor(null, "prev");
      while (cursor !== null && found.length < limit) {
        found.push(cursor.value);
        cursor = await cursor.continue();
      }
      return found;
    });
  }

  /** Return products that have every word in their SKU, name, brand or GTIN. */
  search(text: string, limit: number): Promise<StoredProduct[]> {
    const wanted = words(text);
    return this.#use(async (database) => {
      const found: StoredProduct[] = [];
      let cursor = await database.transaction("products").store.openCursor();
      while (cursor !== null && found.length < limit) {
        const { value } = cursor;
        if (wanted.every((word) => value.words.includes(word))) {
          found.push(value);
        }
        cursor = await cursor.continue();
      }
      return found;
    });
  }

  /** Return the product that has exactly this SKU or GTIN, if this tablet knows one. */
  exact(code: string): Promise<StoredProduct | undefined> {
    return this.#use(
      async (database) =>
        (await database.getFromIndex("products", "sku", folded(code))) ??
        (isGtin(code) ? database.getFromIndex("products", "gtin", padded(code)) : undefined),
    );
  }

  /** Keep what the server said about products. An older version never replaces a newer one. */
  async keepProducts(products: readonly Product[], now: Date): Promise<void> {
    await this.#use(async (database) => {
      const transaction = database.transaction("products", "readwrite");
      for (const product of products) {
        const known = await transaction.store.get(product.id);
        if (known === undefined || known.product.version <= product.version) {
          await transaction.store.put({ ...known, ...asStored(product, now) });
        }
      }
      await transaction.done;
    });
    this.#changed();
  }

  /** Note that a product was opened, for the list of the last ones. */
  async opened(id: number, now: Date): Promise<void> {
    await this.#use(async (database) => {
      const transaction = database.transaction("products", "readwrite");
      const known = await transaction.store.get(id);
      if (known !== undefined) {
        await transaction.store.put({ ...known, openedAt: now.toISOString() });
      }
      await transaction.done;
    });
    this.#changed();
  }

  /** Forget a product that is no longer there. */
  async drop(id: number): Promise<void> {
    await this.#use(async (database) => {
      const transaction = database.transaction(["products", "predictions"], "readwrite");
      await transaction.objectStore("products").delete(id);
      await transaction.objectStore("predictions").delete(id);
      await transaction.done;
    });
    this.#changed();
  }

  async keepPrediction(productId: number, answer: Suggested, now: Date): Promise<void> {
    await this.#use((database) =>
      database.put("predictions", { productId, answer, storedAt: now.toISOString() }),
    );
    this.#changed();
  }

  close(): void {
    void this.#opened?.then((database) => database.close()).catch(() => undefined);
    this.#opened = null;
    this.#channel?.close();
    this.#channel = null;
    this.#listeners.clear();
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#opened ??= openDB<Schema>(this.name, 1, {
      upgrade(made) {
        const products = made.createObjectStore("products", { keyPath: "id" });
        products.createIndex("sku", "sku");
        products.createIndex("gtin", "gtin");
        products.createIndex("openedAt", "openedAt");
        made.createObjectStore("predictions", { keyPath: "productId" });
      },
      // A newer page wants to upgrade: let it.
      blocking: () => this.#lost(),
      // Systems end the database's process while the page is in the background.
      terminated: () => this.#lost(),
    });
    return this.#opened;
  }

  #lost(): void {
    void this.#opened?.then((database) => database.close()).catch(() => undefined);
    this.#opened = null;
  }

  /** Use the database; open it again, once, if the connection was lost meanwhile. */
  async #use<T>(use: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    try {
      return await use(await this.#open());
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") {
        throw error;
      }
      this.#lost();
      return use(await this.#open());
    }
  }

  #changed(): void {
    this.#channel?.postMessage(null);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

function asStored(product: Product, now: Date): Omit<StoredProduct, "openedAt"> {
  const { id, sku, name, brand, gtin } = product;
  return {
    id,
    product,
    words: folded(`${sku} ${name} ${brand} ${gtin ?? ""}`),
    sku: folded(sku),
    gtin: gtin === null ? "" : padded(gtin),
    storedAt: now.toISOString(),
  };
}

export function words(text: string): string[] {
  return folded(text).split(/\s+/).filter(Boolean);
}

export function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
}

export function isGtin(text: string): boolean {
  return /^(\d{8}|\d{12,14})$/.test(text.trim());
}

export function padded(gtin: string): string {
  return gtin.trim().padStart(14, "0");
}
