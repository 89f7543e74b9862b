// What the screens show: what the server said, and over it what waits on this tablet.
import type { Product } from "../api/types.ts";
import type { Change, Kind, Payloads } from "./changes.ts";

/** Return the id of a category by its path, null if this tablet does not know it. */
export type CategoryId = (path: string) => number | null;

type Apply = { [K in Kind]?: (product: Product, payload: Payloads[K], id: CategoryId) => Product };

const APPLY: Apply = {
  "product.create": (product, { fields, category }, id) =>
    filed({ ...product, ...fields }, category, id),
  "product.edit": (product, { set }) => ({ ...product, ...set }),
  "product.categorize": (product, { category }, id) => filed(product, category, id),
  "prediction.accept": (product, { category }, id) => filed(product, category, id),
  "prediction.correct": (product, { category }, id) => filed(product, category, id),
};

/** Return the product as it is once these changes have arrived, applied in the order given. */
export function overlaid(product: Product, changes: readonly Change[], id: CategoryId): Product {
  return changes.reduce((now, { kind, payload }) => {
    const apply = APPLY[kind] as ((...given: unknown[]) => Product) | undefined;
    return apply === undefined ? now : apply(now, payload, id);
  }, product);
}

/** Whether a change says where the product belongs, or that this person does not want to. */
export function decides({ kind }: Pick<Change, "kind">): boolean {
  return /^prediction\.(accept|correct|skip)$|\.categorize$/.test(kind);
}

/** A product made here, before anything is known about it. */
export function blank(madeAt: string): Product {
  return {
    id: 0,
    version: 0,
    sku: "",
    gtin: null,
    name: "",
    description: "",
    brand: "",
    width_mm: null,
    height_mm: null,
    depth_mm: null,
    weight_g: null,
    price: null,
    category: null,
    category_id: null,
    category_source: "",
    created_at: madeAt,
    updated_at: madeAt,
  };
}

function filed(product: Product, category: string | null, id: CategoryId): Product {
  return {
    ...product,
    category,
    category_id: category === null ? null : id(category),
    category_source: category === null ? "" : "person",
  };
}
