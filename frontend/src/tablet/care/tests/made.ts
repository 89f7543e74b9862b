// Changes for tests.
import type { Product } from "../../../api/types.ts";
import type { Change, Kind, Payloads, Result } from "../../../offline/changes.ts";

const AT = "2026-11-20T14:02:00.000Z";

export function product(more: Partial<Product> = {}): Product {
  return {
    id: 7,
    sku: "D-18",
    gtin: null,
    name: "Drill",
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
    version: 3,
    created_at: AT,
    updated_at: AT,
    ...more,
  };
}

let made = 0;

export function change<K extends Kind>(
  kind: K,
  payload: Payloads[K],
  more: Partial<Change> = {},
): Change {
  made += 1;
  return {
    seq: made,
    id: `change-${made}`,
    person: 1,
    kind,
    product: { id: 7 },
    payload,
    baseVersion: 2,
    resolves: null,
    madeAt: AT,
    build: "b1",
    label: "Drill",
    status: "waiting",
    attempts: 0,
    triedAt: null,
    settledAt: null,
    result: null,
    ...more,
  };
}

export function result(more: Partial<Result> = {}): Result {
  return {
    id: "",
    status: "conflict",
    was: null,
    code: null,
    detail: null,
    product: null,
    prediction: null,
    agreement: null,
    rebased: false,
    contested: [],
    ...more,
  };
}

export const SEEN = { category_id: 1, prediction: null, model: null, source: null } as const;
