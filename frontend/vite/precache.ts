/** What Vite says about one file, as far as it matters here. */
export interface Chunk {
  file: string;
  css?: string[];
  assets?: string[];
  imports?: string[];
  dynamicImports?: string[];
}

// Large, and needed by few: one that does not arrive would hold up every update (workbox#1312).
const LATER = /\.wasm$/;

/** Return everything that `entry` may ever load, for the service worker to keep from the start. */
export function precache(
  manifest: Record<string, Chunk>,
  entry: string,
  prefix = "/static/app/pages/",
): { url: string; revision: null }[] {
  const seen = new Set<string>();
  const files = new Set<string>();
  const waiting = [entry];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const chunk = manifest[name];
    if (chunk === undefined) {
      throw new Error(`Vite's manifest has no ${name}: build the pages first.`);
    }
    if (!seen.has(name)) {
      seen.add(name);
      for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) {
        if (!LATER.test(file)) {
          files.add(file);
        }
      }
      waiting.push(...(chunk.imports ?? []), ...(chunk.dynamicImports ?? []));
    }
  }
  // Each name carries the digest of the file, so no revision is needed beside it.
  return [...files].sort().map((file) => ({ url: `${prefix}${file}`, revision: null }));
}
