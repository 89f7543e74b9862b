// What the care screens say about changes. No component: the tests read it as text.
import type { Product } from "../../api/types.ts";
import type { Change, Contested, Fields, Kind, Payloads, Status } from "../../offline/changes.ts";
import { percent } from "../../ui/words.ts";

/** The four states, word for word. A refusal goes on with its reason. */
export const STATES: Record<Status, string> = {
  waiting: "On this tablet",
  sent: "Sent",
  conflict: "Needs your decision",
  refused: "Refused",
};

export const FIELDS: Record<keyof Fields, string> = {
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
};
export const FIELD_NAMES = Object.keys(FIELDS) as (keyof Fields)[];

const REASONS: Record<string, string> = {
  gone: "The product was deleted.",
  unknown_category: "This category is not used any more.",
  sku_taken: "Another product has this SKU.",
  permission_denied: "Your role may not do this.",
  invalid: "Something in it cannot be right.",
  id_reuse: "It has the number of another change.",
  actor_mismatch: "It belongs to somebody else.",
  unknown_prediction: "The answer that it is about is not known.",
};

const NOTHING = "nothing";

/** Return "1 change", "3 changes". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function megabytes(bytes: number): string {
  const mb = bytes / 1_000_000;
  return `${mb < 10 ? mb.toFixed(1) : Math.round(mb).toLocaleString("en")} MB`;
}

/** Read a payload as that of its kind: the type of a list of changes cannot say it. */
export function payload<K extends Kind>(change: Change, kind: K): Payloads[K] | null {
  return change.kind === kind ? (change.payload as Payloads[K]) : null;
}

/** Return the category that a change gives a product; undefined: it is not about one. */
export function categoryOf(change: Change): string | null | undefined {
  switch (change.kind) {
    case "product.create":
    case "product.categorize":
    case "prediction.accept":
    case "prediction.correct":
      return (change.payload as { category: string | null }).category;
    default:
      return undefined;
  }
}

/** Return what somebody did, as a sentence without its product. */
export function deed(change: Change): string {
  const category = categoryOf(change);
  switch (change.kind) {
    case "product.create":
      return category ? `A new product under ${category}` : "A new product";
    case "product.edit":
      return `Changed: ${fieldsOf(change)
        .map(({ name }) => name)
        .join(", ")}`;
    case "product.categorize":
      return category === null ? "Taken out of its category" : `Put under ${category}`;
    case "prediction.accept":
      return `Accepted: ${category}`;
    case "prediction.correct":
      return `Corrected: ${category}`;
    case "prediction.provisional": {
      const { answer } = payload(change, "prediction.provisional") ?? {};
      return `This tablet’s own answer: ${answer?.category}, ${percent(answer?.confidence_ppm ?? 0)}`;
    }
    case "prediction.skip":
      return "Skipped in your review";
    case "conflict.dismiss":
      return "Left as somebody else had put it";
  }
}

export interface Line {
  name: string;
  before: string | null;
  after: string;
}

/** Return what a change fills in, field by field, as people read it. */
export function fieldsOf(change: Change): Line[] {
  const { set = null, base = null } = payload(change, "product.edit") ?? {};
  const fields: Fields = set ?? payload(change, "product.create")?.fields ?? {};
  // What a new product does not have needs no line; what an edit takes away does.
  const isSaid = (name: keyof Fields) =>
    fields[name] !== undefined && (set !== null || value(fields[name]) !== NOTHING);
  return FIELD_NAMES.filter(isSaid).map((name) => ({
    name: FIELDS[name],
    before: base === null ? null : value(base[name]),
    after: value(fields[name]),
  }));
}

/** Return a value of a field as people read it. */
export function value(of: unknown): string {
  return of === null || of === undefined || of === "" ? NOTHING : String(of);
}

/** Return what is contested, as people call it. */
export function contestedName({ what }: Contested): string {
  return FIELDS[what as keyof Fields] ?? (what === "category" ? "Category" : what);
}

/** Return why the server refused a change, as a sentence. */
export function reason({ result }: Change): string {
  return result?.detail || REASONS[result?.code ?? ""] || "The server gave no reason.";
}

/** Return what is to be known about a change that arrived, beyond that it did. */
export function outcome({ result }: Change): string | null {
  if (result?.agreement === "same") {
    return "The server gives the same answer.";
  }
  if (result?.agreement === "differs") {
    return "The server gives another answer, so a person will look at it. Nothing was overwritten.";
  }
  return result?.rebased ? "A machine had changed it meanwhile. Your choice counts." : null;
}

/** Return what somebody loses who gives a change up. */
export function loss(change: Change, dependents: number): string {
  const own = `“${deed(change)}” (${change.label}) was never carried out, and will not be.`;
  const more =
    dependents === 0
      ? ""
      : ` ${count(dependents, "later change")} of this product ${
          dependents === 1 ? "is" : "are"
        } lost with it.`;
  return `${own}${more} It cannot be brought back.`;
}

/** Return what may be done with a change that was refused. */
export function remedy(change: Change): "category" | "fields" | "again" | "none" {
  const code = change.result?.code ?? "";
  if (code === "gone" || code === "actor_mismatch") {
    return "none";
  }
  if (code === "permission_denied" || code === "id_reuse") {
    return "again";
  }
  return remedyByKind(change);
}

/** Return how a change can be edited: by choosing a category, by filling in fields, or not. */
export function remedyByKind({ kind }: Change): "category" | "fields" | "none" {
  switch (kind) {
    case "product.create":
    case "product.edit":
      return "fields";
    case "product.categorize":
    case "prediction.accept":
    case "prediction.correct":
      return "category";
    default:
      return "none";
  }
}

/** Return the fields of a product that an edit compares with. */
export function baseOf(product: Product, set: Fields): Fields {
  return Object.fromEntries(
    FIELD_NAMES.filter((name) => set[name] !== undefined).map((name) => [name, product[name]]),
  );
}
