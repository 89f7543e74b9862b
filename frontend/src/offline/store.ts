// What this tablet knows on behalf of one person. Answers are written here first, and the screens
// read from here, so that they show the same with and without a connection.
//
// A database for each person: on a shared tablet nobody reads another's.
import type { Product, Suggested, Waiting } from "../api/types.ts";
import {
  byProduct,
  Catalogue,
  canonical,
  categoriesOf,
  type Open,
  type Shown,
  shown,
} from "./catalogue.ts";
import { type Change, keyOf, type ProductRef, type Status } from "./changes.ts";
import {
  type Connection,
  Database,
  type StoredPrediction,
  type StoredProduct,
  type Touched,
  UNREAD,
} from "./database.ts";
import { decides } from "./overlay.ts";
import { newer } from "./rows.ts";
import { folded, isGtin, padded, words } from "./text.ts";

export type { Shown } from "./catalogue.ts";
export { folded, isGtin, padded, words } from "./text.ts";

/** What is on this tablet. */
export interface Facts {
  products: number;
  categories: number;
  queue: number;
  /** Answers of the server that are kept. */
  predictions: number;
  /** When the server was last read to the end (ISO 8601). */
  lastPull: string | null;
  /** Whether the whole catalogue is here. */
  isComplete: boolean;
  epoch: string | null;
  /** What this site takes on the disk; null if the browser does not say. */
  bytes: number | null;
}

export class Store extends Database {
  #catalogue: Promise<Catalogue> | null = null;
  #stale = new Set<number>();
  #hasStaleCategories = false;

  constructor(personId: number) {
    super(personId);
    this.subscribe((touched) => this.#hear(touched));
  }

  product(id: number): Promise<StoredProduct | undefined> {
    return this.use((database) => database.get("products", id));
  }

  prediction(productId: number): Promise<StoredPrediction | undefined> {
    return this.use((database) => database.get("predictions", productId));
  }

  count(): Promise<number> {
    return this.use((database) => database.count("products"));
  }

  /** Return the digest of the live model whose answer came last, null if none is kept. */
  async modelHeld(): Promise<string | null> {
    const kept = await this.use((database) => database.getAll("predictions"));
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

  /** Return how a product is shown; null if this tablet knows nothing of it. */
  shown(ref: ProductRef): Promise<Shown | null> {
    return this.use(async (database) => {
      const [open, categories] = await Promise.all([
        unsettled(database),
        database.getAll("categories"),
      ]);
      const now = canonical(ref, open.aliases);
      const stored = "id" in now ? await database.get("products", now.id) : undefined;
      const changes = byProduct(open).get(keyOf(now))?.changes ?? [];
      return shown(now, stored, changes, categoriesOf(categories));
    });
  }

  /** Return every product that has each word in its SKU, name, brand or barcode, by its name. */
  async find(text: string): Promise<readonly Shown[]> {
    const open = await this.use(unsettled);
    return (await this.#inMemory()).find(words(text), open);
  }

  /** Return the product that has exactly this SKU or barcode, if this tablet knows one. */
  async exact(code: string): Promise<Shown | undefined> {
    const sku = folded(code);
    const gtin = isGtin(code) ? padded(code) : null;
    if (sku === "") {
      return undefined;
    }
    const { refs, open } = await this.use(async (database) => {
      const [bySku, byGtin, open] = await Promise.all([
        database.getAllFromIndex("products", "sku", sku),
        gtin === null ? [] : database.getAllFromIndex("products", "gtin", gtin),
        unsettled(database),
      ]);
      const refs: ProductRef[] = [...bySku, ...byGtin].map(({ id }) => ({ id }));
      return { refs, open };
    });
    const isIt = ({ product }: Shown) =>
      folded(product.sku) === sku ||
      (gtin !== null && product.gtin !== null && padded(product.gtin) === gtin);
    const changed = [...byProduct(open).values()].map(({ ref }) => ref);
    for (const ref of [...refs, ...changed]) {
      const one = await this.shown(ref);
      if (one !== null && isIt(one)) {
        return one;
      }
    }
    return undefined;
  }

  /** Return the products that were last opened here, the newest first. */
  recent(limit: number): Promise<StoredProduct[]> {
    return this.use(async (database) => {
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

  /** Return the categories, in the order of their paths. */
  categories(): Promise<readonly { id: number; path: string }[]> {
    return this.use((database) => database.getAllFromIndex("categories", "path"));
  }

  /** Return what waits for a review, least certain first, without what was decided here. */
  queue(): Promise<readonly Waiting[]> {
    return this.use(async (database) => {
      const [rows, open] = await Promise.all([database.getAll("queue"), unsettled(database)]);
      const changed = byProduct(open);
      return rows
        .filter(({ productId }) => !changed.get(`id:${productId}`)?.changes.some(decides))
        .sort((a, b) => a.place - b.place)
        .map(({ waiting }) => waiting);
    });
  }

  /** Return the changes, the newest last. */
  changes(filter?: Status): Promise<readonly Change[]> {
    return this.use((database) =>
      filter === undefined
        ? database.getAll("changes")
        : database.getAllFromIndex("changes", "status", filter),
    );
  }

  counts(): Promise<{ waiting: number; conflict: number; refused: number }> {
    return this.use(async (database) => {
      const index = database.transaction("changes").store.index("status");
      const [waiting, conflict, refused] = await Promise.all([
        index.count("waiting"),
        index.count("conflict"),
        index.count("refused"),
      ]);
      return { waiting, conflict, refused };
    });
  }

  async facts(): Promise<Facts> {
    const told = await this.use(async (database) => {
      const [products, categories, queue, predictions, mirror] = await Promise.all([
        database.count("products"),
        database.count("categories"),
        database.count("queue"),
        database.count("predictions"),
        database.get("meta", "mirror"),
      ]);
      const { lastPull, isComplete, epoch } = mirror ?? UNREAD;
      return { products, categories, queue, predictions, lastPull, isComplete, epoch };
    });
    const estimate = await globalThis.navigator?.storage?.estimate?.();
    return { ...told, bytes: estimate?.usage ?? null };
  }

  /** Return what somebody typed and has not saved. */
  async draft<T>(key: string): Promise<T | null> {
    const kept = await this.use((database) => database.get("drafts", key));
    return (kept?.value as T | undefined) ?? null;
  }

  /** Keep what somebody types, so that it survives a reload; null forgets it. */
  async keepDraft(key: string, value: unknown): Promise<void> {
    const at = new Date().toISOString();
    await this.write(["drafts"], async ({ store }) => {
      await (value === null ? store.delete(key) : store.put({ key, value, at }));
    });
  }

  /** Return the id of a product that was made here, once the server has given it one. */
  async alias(uuid: string): Promise<number | null> {
    return (await this.use((database) => database.get("aliases", uuid)))?.id ?? null;
  }

  /** Keep what the server said about products. An older version never replaces a newer one. */
  async keepProducts(products: readonly Product[], now: Date): Promise<void> {
    await this.write(["products", "meta"], async (transaction) => {
      const rows = transaction.objectStore("products");
      const mirror = (await transaction.objectStore("meta").get("mirror")) ?? UNREAD;
      for (const product of products) {
        const row = newer(await rows.get(product.id), product, now, mirror.generation);
        if (row !== null) {
          await rows.put(row);
        }
      }
    });
    this.changed({ products: products.map(({ id }) => id) });
  }

  /** Note that a product was opened, for the list of the last ones. */
  async opened(id: number, now: Date): Promise<void> {
    await this.write(["products"], async ({ store }) => {
      const known = await store.get(id);
      if (known !== undefined) {
        await store.put({ ...known, openedAt: now.toISOString() });
      }
    });
    this.changed({ products: [id] });
  }

  /** Forget a product that is no longer there. */
  async drop(id: number): Promise<void> {
    await this.write(["products", "predictions", "queue"], async (transaction) => {
      for (const name of transaction.objectStoreNames) {
        await transaction.objectStore(name).delete(id);
      }
    });
    this.changed({ products: [id] });
  }

  async keepPrediction(productId: number, answer: Suggested, now: Date): Promise<void> {
    await this.use((database) =>
      database.put("predictions", { productId, answer, storedAt: now.toISOString() }),
    );
    this.changed({});
  }

  #hear(touched: Touched): void {
    for (const id of touched.products ?? []) {
      this.#stale.add(id);
    }
    if (touched.categories) {
      this.#hasStaleCategories = true;
    }
  }

  /** Return the catalogue: read once, and afterwards only what changed, one after the other. */
  #inMemory(): Promise<Catalogue> {
    const before = this.#catalogue;
    const next = before === null ? this.#load() : before.then((one) => this.#refresh(one));
    this.#catalogue = next;
    next.catch(() => {
      this.#catalogue = null; // the next search reads everything again
    });
    return next;
  }

  async #load(): Promise<Catalogue> {
    this.#stale.clear();
    this.#hasStaleCategories = false;
    const [rows, categories] = await this.use((database) =>
      Promise.all([database.getAll("products"), database.getAll("categories")]),
    );
    const catalogue = new Catalogue();
    catalogue.put(
      rows.map(({ id }) => id),
      rows,
    );
    catalogue.putCategories(categories);
    return catalogue;
  }

  async #refresh(catalogue: Catalogue): Promise<Catalogue> {
    const ids = [...this.#stale];
    const hasCategories = this.#hasStaleCategories;
    this.#stale.clear();
    this.#hasStaleCategories = false;
    if (ids.length > 0) {
      const rows = await this.use((database) => {
        const { store } = database.transaction("products");
        return Promise.all(ids.map((id) => store.get(id)));
      });
      catalogue.put(ids, rows);
    }
    if (hasCategories) {
      catalogue.putCategories(await this.use((database) => database.getAll("categories")));
    }
    return catalogue;
  }
}

/** Read the changes that are not settled, and which products they are about. */
async function unsettled(database: Connection): Promise<Open> {
  const transaction = database.transaction(["changes", "aliases"]);
  const index = transaction.objectStore("changes").index("status");
  const [waiting, conflict, refused, aliases] = await Promise.all([
    index.getAll("waiting"),
    index.getAll("conflict"),
    index.getAll("refused"),
    transaction.objectStore("aliases").getAll(),
  ]);
  const changes = [...waiting, ...conflict, ...refused].sort((a, b) => a.seq - b.seq);
  return { changes, aliases: new Map(aliases.map(({ uuid, id }) => [uuid, id])) };
}
