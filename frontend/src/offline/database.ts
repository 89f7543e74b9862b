// One person's database on this tablet: what is in it, and a connection that comes back.
//
// Versions only ever add stores and indexes, because an older page may still be open beside a newer
// one. The page and the worker use the same one.
import {
  type DBSchema,
  type IDBPDatabase,
  type IDBPTransaction,
  openDB,
  type StoreNames,
} from "idb";
import type { Product, Suggested, Waiting } from "../api/types.ts";
import type { Change } from "./changes.ts";

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
  /** In which reading of the whole catalogue it was last seen. */
  generation: number;
}

export interface StoredPrediction {
  productId: number;
  answer: Suggested;
  storedAt: string;
}

export interface StoredCategory {
  id: number;
  path: string;
  version: number;
  generation: number;
}

export interface StoredChange extends Change {
  /** `keyOf` its product. */
  key: string;
}

/** How far this tablet has read the server. */
export interface Mirror {
  /** Where to go on; null: from the beginning. */
  cursor: string | null;
  epoch: string | null;
  generation: number;
  /** Whether the whole catalogue is being read, and rows of older readings wait to be swept. */
  isBuilding: boolean;
  /** Whether the whole catalogue has been read. */
  isComplete: boolean;
  /** How far the server was when it was last read. */
  head: number;
  lastPull: string | null;
  /** The server may have forgotten what it was sent: ask, before anything else. */
  asksSent: boolean;
  queueReadAt: string | null;
}

export const UNREAD: Mirror = {
  cursor: null,
  epoch: null,
  generation: 0,
  isBuilding: false,
  isComplete: false,
  head: 0,
  lastPull: null,
  asksSent: false,
  queueReadAt: null,
};

export interface Schema extends DBSchema {
  products: {
    key: number;
    value: StoredProduct;
    indexes: { sku: string; gtin: string; openedAt: string; generation: number };
  };
  predictions: { key: number; value: StoredPrediction };
  categories: {
    key: number;
    value: StoredCategory;
    indexes: { path: string; generation: number };
  };
  queue: { key: number; value: { productId: number; place: number; waiting: Waiting } };
  changes: {
    key: number;
    value: StoredChange;
    indexes: { id: string; status: Change["status"]; product: string };
  };
  aliases: { key: string; value: { uuid: string; id: number }; indexes: { id: number } };
  drafts: { key: string; value: { key: string; value: unknown; at: string } };
  meta: { key: "mirror"; value: Mirror };
}

export type Connection = IDBPDatabase<Schema>;
export type Stores = [StoreNames<Schema>, ...StoreNames<Schema>[]];
export type Writing<Names extends Stores> = IDBPTransaction<Schema, Names, "readwrite">;

/** What was written, for those who show it. */
export interface Touched {
  products?: readonly number[];
  categories?: true;
  changes?: true;
  /** Somebody has just made a change, or put one back into the queue. */
  made?: true;
}

const VERSION = 2;

/** `blocked`: another tab must be closed or reloaded first. `outdated`: this one must be. */
export type Condition = "fine" | "blocked" | "outdated";

let condition: Condition = "fine";
const watchers = new Set<() => void>();

export const databaseCondition = (): Condition => condition;

export function onDatabaseCondition(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function become(next: Condition): void {
  if (condition !== next) {
    condition = next;
    for (const watcher of watchers) {
      watcher();
    }
  }
}

export class Database {
  readonly personId: number;
  #opened: Promise<Connection> | null = null;
  #listeners = new Set<(touched: Touched) => void>();
  #channel: BroadcastChannel | null;
  #isClosed = false;

  constructor(personId: number) {
    this.personId = personId;
    this.#channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(this.name) : null;
    this.#channel?.addEventListener("message", ({ data }) => this.#tell(data as Touched));
  }

  get name(): string {
    return nameOf(this.personId);
  }

  /** Call `listener` whenever something changed here, in this tab, in another one or in the worker. */
  subscribe(listener: (touched: Touched) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Say what was written, once it is. */
  changed(touched: Touched): void {
    this.#channel?.postMessage(touched);
    this.#tell(touched);
  }

  /**
   * Use the database; open it again, once, if the connection was lost meanwhile.
   *
   * `work` may run twice, so it has to be safe to repeat.
   */
  async use<T>(work: (database: Connection) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#open());
    } catch (error) {
      if (!isLost(error)) {
        throw error;
      }
      this.#lost();
      return work(await this.#open());
    }
  }

  /**
   * Write in one transaction: all of it or nothing. It is on the disk once this resolves; what can
   * be had from the server again need not be (`relaxed`).
   *
   * `work` may run twice, as in `use`.
   */
  write<Names extends Stores, T>(
    stores: Names,
    work: (transaction: Writing<Names>) => Promise<T>,
    durability: IDBTransactionDurability = "strict",
  ): Promise<T> {
    return this.use(async (database) => {
      const transaction = database.transaction(stores, "readwrite", { durability });
      const working = work(transaction).catch((error) => {
        abort(transaction);
        throw error;
      });
      // Both at once: a full disk shows only at the end.
      const [result] = await Promise.all([working, transaction.done]);
      return result;
    });
  }

  mirror(): Promise<Mirror> {
    return this.use(async (database) => (await database.get("meta", "mirror")) ?? UNREAD);
  }

  /** Let go of it for good: what is asked later is refused, so that nothing makes it anew. */
  close(): void {
    this.#isClosed = true;
    this.#lost();
    this.#channel?.close();
    this.#channel = null;
    this.#listeners.clear();
  }

  #open(): Promise<Connection> {
    if (this.#isClosed) {
      return Promise.reject(new DOMException("This database was closed.", "InvalidStateError"));
    }
    if (this.#opened === null) {
      const opened = open(this.name, () => this.#lost());
      this.#opened = opened;
      opened.catch(() => {
        if (this.#opened === opened) {
          this.#opened = null;
        }
      });
    }
    return this.#opened;
  }

  #lost(): void {
    void this.#opened?.then((database) => database.close()).catch(() => undefined);
    this.#opened = null;
  }

  #tell(touched: Touched): void {
    for (const listener of this.#listeners) {
      listener(touched);
    }
  }
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It is over already.
  }
}

export function nameOf(personId: number): string {
  return `shelfmark-u${personId}`;
}

async function open(name: string, lost: () => void): Promise<Connection> {
  try {
    const opened = await openDB<Schema>(name, VERSION, {
      async upgrade(made, before, _, transaction) {
        if (before < 1) {
          const products = made.createObjectStore("products", { keyPath: "id" });
          products.createIndex("sku", "sku");
          products.createIndex("gtin", "gtin");
          products.createIndex("openedAt", "openedAt");
          made.createObjectStore("predictions", { keyPath: "productId" });
        }
        if (before < 2) {
          const categories = made.createObjectStore("categories", { keyPath: "id" });
          categories.createIndex("path", "path");
          categories.createIndex("generation", "generation");
          made.createObjectStore("queue", { keyPath: "productId" });
          const changes = made.createObjectStore("changes", {
            keyPath: "seq",
            autoIncrement: true,
          });
          changes.createIndex("id", "id", { unique: true });
          changes.createIndex("status", "status");
          changes.createIndex("product", "key");
          made.createObjectStore("aliases", { keyPath: "uuid" }).createIndex("id", "id");
          made.createObjectStore("drafts", { keyPath: "key" });
          made.createObjectStore("meta");
          const products = transaction.objectStore("products");
          products.createIndex("generation", "generation");
          // What was looked at before stays until the whole catalogue is here.
          for (let row = await products.openCursor(); row !== null; row = await row.continue()) {
            await row.update({ ...row.value, generation: 0 });
          }
        }
      },
      blocked: () => become("blocked"),
      // A newer page wants to upgrade, or somebody signs out: let them.
      blocking: (_, wanted) => {
        lost();
        if (wanted !== null) {
          become("outdated");
        }
      },
      // Systems end the database's process while the page is in the background.
      terminated: lost,
    });
    become("fine");
    return opened;
  } catch (error) {
    if (error instanceof DOMException && error.name === "VersionError") {
      become("outdated");
    }
    throw error;
  }
}

/** Whether the connection went away, rather than that something is wrong with what was asked. */
function isLost(error: unknown): boolean {
  if (!(error instanceof DOMException)) {
    return false;
  }
  const { name, message } = error;
  // iPads: "Connection to Indexed Database server lost. Refresh the page to try again".
  return (
    name === "InvalidStateError" ||
    name === "AbortError" ||
    (name === "UnknownError" && /connection|closing|lost/i.test(message))
  );
}
