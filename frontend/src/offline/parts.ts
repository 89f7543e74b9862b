// What this version of the tablet is made of, kept whole: all of it is there before it takes over.

/** One file; a revision stands for its bytes if its name does not. */
export interface Part {
  url: string;
  revision: string | null;
}

const REVISION = "__WB_REVISION__";

export class Parts {
  readonly #cacheName: string;
  /** By their addresses, the keys under which they are kept. */
  readonly #keys: ReadonlyMap<string, string>;
  readonly #isRevised: ReadonlySet<string>;

  constructor(cacheName: string, parts: readonly Part[], base: string) {
    this.#cacheName = cacheName;
    this.#keys = new Map(
      parts.map(({ url, revision }) => {
        const key = new URL(url, base);
        const { href } = key;
        if (revision !== null) {
          key.searchParams.set(REVISION, revision);
        }
        return [href, key.href];
      }),
    );
    this.#isRevised = new Set([...this.#keys].flatMap(([url, key]) => (url === key ? [] : [url])));
  }

  has(url: string): boolean {
    return this.#keys.has(url);
  }

  /** Fetch what is not here yet, one after the other. One that does not arrive stops everything. */
  async install(): Promise<void> {
    const cache = await caches.open(this.#cacheName);
    for (const [url, key] of this.#keys) {
      if ((await cache.match(key)) === undefined) {
        // What has a digest in its name never changes, so that the browser's own copy will do.
        const mode = this.#isRevised.has(url) ? "reload" : "default";
        const response = await fetch(url, { cache: mode, credentials: "same-origin" });
        if (response.status !== 200 || response.redirected) {
          throw new Error(`${url} answers ${response.status}.`);
        }
        await cache.put(key, response);
      }
    }
  }

  /** Put what other versions are made of into `older`, in place of what was there. */
  async setAside(older: string): Promise<void> {
    await caches.delete(older);
    const [from, to] = await Promise.all([caches.open(this.#cacheName), caches.open(older)]);
    for (const request of await from.keys()) {
      const response = await from.match(request);
      const isPage = request.url.includes(REVISION);
      if (response !== undefined && !isPage && !this.has(request.url)) {
        await to.put(request, response);
      }
    }
  }

  /** Drop what only other versions are made of. */
  async activate(): Promise<void> {
    const cache = await caches.open(this.#cacheName);
    const own = new Set(this.#keys.values());
    for (const request of await cache.keys()) {
      if (!own.has(request.url)) {
        await cache.delete(request);
      }
    }
  }

  /** Return what is kept under this address. */
  match(url: string): Promise<Response | undefined> {
    return caches.match(this.#keys.get(url) ?? url, { cacheName: this.#cacheName });
  }
}
