// What happened in one sitting of the review on this tablet. Pure, so that tests can read it.
import type { Waiting } from "../../api/types.ts";
import type { NewChange, Seen } from "../../offline/changes.ts";

/** What was decided last, and can be taken back while it is here. */
export interface Last {
  /** The change. */
  id: string;
  receipt: string;
  said: string;
}

export interface Sitting {
  /** The receipts that were decided or skipped here. */
  done: readonly string[];
  last: Last | null;
}

export const START: Sitting = { done: [], last: null };

export function after(sitting: Sitting, last: Last): Sitting {
  return { done: [...sitting.done, last.receipt], last };
}

/** The last decision was taken back: its product comes up again. */
export function takenBack(sitting: Sitting): Sitting {
  return { done: sitting.done.filter((one) => one !== sitting.last?.receipt), last: null };
}

/** Return what is still to do. What was decided here does not come back while it travels. */
export function todo(queue: readonly Waiting[], { done }: Sitting): readonly Waiting[] {
  return queue.filter(({ prediction }) => !done.includes(prediction.receipt_id));
}

/** Return the change that a decision is; null skips. */
export function decision(waiting: Waiting, category: string | null): NewChange {
  const { product, prediction } = waiting;
  const about = {
    product: { id: product.id },
    baseVersion: product.version,
    label: product.name,
  };
  const id = prediction.receipt_id;
  if (category === null) {
    return { ...about, kind: "prediction.skip", payload: { prediction: id } };
  }
  const seen: Seen = {
    category_id: product.category_id,
    prediction: id,
    model: prediction.model,
    source: "server",
  };
  const payload = { prediction: id, category, note: "", seen };
  return category === prediction.category
    ? { ...about, kind: "prediction.accept", payload }
    : { ...about, kind: "prediction.correct", payload };
}

export function sentence(waiting: Waiting, category: string | null): string {
  const { name } = waiting.product;
  return category === null ? `Skipped: ${name}.` : `${name}: ${category}.`;
}
