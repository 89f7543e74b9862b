import { Refused } from "../../api/client.ts";
import { type Faults, isName } from "../../forms/fields.ts";

export interface Told {
  faults: Faults;
  /** What belongs to no field; empty if everything does. */
  sentence: string;
}

/** Return what a failed attempt to save says about the fields, and about the whole. */
export function told(error: Error): Told {
  if (!(error instanceof Refused)) {
    return { faults: {}, sentence: error.message };
  }
  if (error.status === 409 && error.code === "conflict") {
    // The only conflict that saving a product knows, besides a version that is too old.
    return { faults: { sku: error.message }, sentence: "" };
  }
  const faults: Faults = {};
  const rest: string[] = [];
  for (const { pointer, detail } of error.faults) {
    const name = pointer.slice(1);
    if (isName(name)) {
      faults[name] ??= detail;
    } else {
      rest.push(detail);
    }
  }
  const isPlaced = Object.keys(faults).length > 0 && rest.length === 0;
  return { faults, sentence: isPlaced ? "" : [error.message, ...rest].join(" ") };
}

export function isStale(error: Error): boolean {
  return error instanceof Refused && error.status === 409 && error.code === "stale";
}

/** Whether the same form was saved before, with other values: its answer was lost on the way. */
export function isSavedBefore(error: Error): boolean {
  return error instanceof Refused && error.code === "idempotency_key_reused";
}
