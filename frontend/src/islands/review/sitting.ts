// What happened in one sitting of the review room. Everything that waits comes from the server.
import type { Waiting } from "../../api/types.ts";

export interface Sitting {
  /** The receipts that were answered here. */
  done: readonly string[];
  /** The receipts that were left for later here. */
  skipped: readonly string[];
  /** What was done last, as a sentence. */
  said: string;
}

export const START: Sitting = { done: [], skipped: [], said: "" };

export type Event =
  | { type: "filed"; receiptId: string; name: string; category: string }
  | { type: "skipped"; receiptId: string; name: string }
  | { type: "again" };

export function next(sitting: Sitting, event: Event): Sitting {
  switch (event.type) {
    case "filed":
      return {
        ...sitting,
        done: [...sitting.done, event.receiptId],
        said: `Filed under ${event.category}: ${event.name}.`,
      };
    case "skipped":
      return {
        ...sitting,
        skipped: [...sitting.skipped, event.receiptId],
        said: `Left for later: ${event.name}.`,
      };
    case "again":
      return { ...sitting, skipped: [], said: "" };
  }
}

/** Return what is still to do here, in the order in which it came. */
export function remaining(queue: readonly Waiting[], { done, skipped }: Sitting): Waiting[] {
  const handled = new Set([...done, ...skipped]);
  return queue.filter(({ prediction }) => !handled.has(prediction.receipt_id));
}

const COUNTED_TO = 1000;

/** Return how many products wait, as a sentence. The server counts up to a thousand. */
export function waitingInWords(waiting: number): string {
  if (waiting >= COUNTED_TO) {
    return "1,000 products or more wait for a person.";
  }
  return waiting === 1 ? "1 product waits for a person." : `${waiting} products wait for a person.`;
}
