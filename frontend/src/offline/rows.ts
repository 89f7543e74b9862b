// Products as they are stored, and the one rule about which of two states of one stays.
import type { Product } from "../api/types.ts";
import type { StoredProduct } from "./database.ts";
import { folded, padded } from "./text.ts";

/** What the search looks at. A GTIN counts in each of its lengths. */
export function wordsOf({ sku, name, brand, gtin }: Product): string {
  return folded(`${sku} ${name} ${brand}${gtin === null ? "" : ` ${gtin} ${padded(gtin)}`}`);
}

export function asStored(product: Product, now: Date, generation: number): StoredProduct {
  const { id, sku, gtin } = product;
  return {
    id,
    product,
    words: wordsOf(product),
    sku: folded(sku),
    gtin: gtin === null ? "" : padded(gtin),
    storedAt: now.toISOString(),
    generation,
  };
}

/**
 * Return the row that has to be written, or null if what is known is newer.
 *
 * Versions order the states of a product, but only within one reading of the catalogue: a database
 * that was restored counts from an older state again.
 */
export function newer(
  known: StoredProduct | undefined,
  product: Product,
  now: Date,
  generation: number,
): StoredProduct | null {
  if (known?.generation === generation && known.product.version > product.version) {
    return null;
  }
  return { ...known, ...asStored(product, now, generation) };
}
