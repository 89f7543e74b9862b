// A product as somebody types it on this tablet, and the changes that come of it.
import type { Product } from "../../api/types.ts";
import { BLANK, bodyOf, differing, type Name, type Values, valuesOf } from "../../forms/fields.ts";
import { type Fields, keyOf, type NewChange, type ProductRef } from "../../offline/changes.ts";
import { folded, isGtin, padded } from "../../offline/text.ts";
import { read, shortGtin } from "../../scan/normalize.ts";

export const LABELS: Record<Name, string> = {
  name: "Name",
  sku: "SKU",
  gtin: "Barcode",
  brand: "Brand",
  description: "Description",
  width_mm: "Width (mm)",
  height_mm: "Height (mm)",
  depth_mm: "Depth (mm)",
  weight_g: "Weight (g)",
  price: "Price",
  category: "Category",
};

export interface Draft {
  values: Values;
  /** What the form began with: the other side of each difference that is sent. */
  start: Values;
  /** The version that was read; null for a product that the server does not know. */
  version: number | null;
  /** The category that was on the screen. */
  categoryId: number | null;
  /** What the new product is called until the server knows it. */
  uuid: string;
  /** The change's own name: a draft that was saved unnoticed is not saved twice. */
  id: string;
}

/** Return the name under which a draft is kept. Each scanned code has a draft of its own. */
export function draftKey(ref: ProductRef | null, code: string): string {
  return ref === null ? `product/new/${code}` : `product/${keyOf(ref)}`;
}

/** Begin a new product; a code that was scanned goes where it belongs. */
export function blank(code: string): Draft {
  const typed = code.trim();
  const scanned = read(typed);
  const known = scanned.kind === "gtin" ? { gtin: shortGtin(scanned.gtin) } : { sku: typed };
  const start = { ...BLANK };
  const values = { ...BLANK, ...known };
  const [uuid, id] = [crypto.randomUUID(), crypto.randomUUID()];
  return { values, start, version: null, categoryId: null, uuid, id };
}

/** Begin with what is on the screen. */
export function begun(product: Product, isHere: boolean): Draft {
  const start = valuesOf(product);
  return {
    values: start,
    start,
    version: isHere ? null : product.version,
    categoryId: product.category_id,
    uuid: "",
    id: crypto.randomUUID(),
  };
}

export function isDraft(found: unknown): found is Draft {
  const draft = found as Partial<Draft> | null;
  return (
    typeof draft?.id === "string" &&
    [draft.values, draft.start].every(
      (values) => values !== undefined && Object.keys(BLANK).every((name) => name in values),
    )
  );
}

/** Return what a draft asks of the server, in the order of sending. Its fields have no fault. */
export function changesIn(draft: Draft, ref: ProductRef | null): NewChange[] {
  const { values, start, version, categoryId, uuid, id } = draft;
  const label = values.name.trim();
  if (ref === null) {
    const category = values.category.trim() || null;
    const fields = fieldsOf(values, Object.keys(BLANK) as Name[]);
    const payload = { fields, category };
    const product = { uuid };
    return [{ kind: "product.create", id, product, payload, baseVersion: null, label }];
  }
  const changed = differing(start, values);
  const names = changed.filter((name) => name !== "category");
  const found: NewChange[] = [];
  if (names.length > 0) {
    const payload = { set: fieldsOf(values, names), base: fieldsOf(start, names) };
    found.push({ kind: "product.edit", id, product: ref, payload, baseVersion: version, label });
  }
  if (changed.includes("category")) {
    const category = values.category.trim() || null;
    const seen = { category_id: categoryId, prediction: null, model: null, source: null };
    const payload = { category, seen };
    found.push({ kind: "product.categorize", product: ref, payload, baseVersion: version, label });
  }
  return found;
}

function fieldsOf(values: Values, names: readonly Name[]): Fields {
  return bodyOf(
    values,
    names.filter((name) => name !== "category"),
  );
}

/** Return the draft after its fields were handed over and its category was not. */
export function handedOver(draft: Draft): Draft {
  const start = { ...draft.values, category: draft.start.category };
  return { ...draft, start, id: crypto.randomUUID() };
}

/** Whether a product that was found under a code really has this code in this field. */
export function hasCode(product: Product, name: "sku" | "gtin", code: string): boolean {
  if (name === "sku") {
    return folded(product.sku) === folded(code);
  }
  return product.gtin !== null && isGtin(code) && padded(product.gtin) === padded(code);
}
