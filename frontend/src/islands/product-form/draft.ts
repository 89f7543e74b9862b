// What was typed and not saved yet, kept in the tab's own storage until it is.
import { NAMES, type Values } from "../../forms/fields.ts";

/** A suggestion that was taken over into the form, to be reviewed once the product is saved. */
export interface Taken {
  receiptId: string;
  /** What the receipt suggests first. */
  suggested: string | null;
}

export interface Draft {
  values: Values;
  /** What the form began with, and the version that this was; null for a new product. */
  start: Values;
  version: number | null;
  /** The Idempotency-Key of this form: a draft that was saved unnoticed is not saved twice. */
  key: string;
  taken: Taken | null;
  keptAt: string;
}

/** Return where a person's draft lies: nobody else who signs in here is offered it. */
export function placeOf(userId: number, productId: number | null): string {
  return `shelfmark/draft/1/${userId}/${productId ?? "new"}`;
}

export function keep(storage: Storage, place: string, draft: Draft): void {
  try {
    storage.setItem(place, JSON.stringify(draft));
  } catch {
    // Full or forbidden: the form goes on without it, and warns before it is left.
  }
}

export function find(storage: Storage, place: string): Draft | null {
  const text = storage.getItem(place);
  if (text === null) {
    return null;
  }
  try {
    const draft = JSON.parse(text) as Partial<Draft>;
    return areValues(draft.values) && areValues(draft.start) && draft.key ? (draft as Draft) : null;
  } catch {
    return null;
  }
}

export function forget(storage: Storage, place: string): void {
  storage.removeItem(place);
}

function areValues(values: unknown): values is Values {
  return (
    typeof values === "object" &&
    values !== null &&
    NAMES.every((name) => typeof (values as Record<string, unknown>)[name] === "string")
  );
}
