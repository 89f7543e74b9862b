// Whether this tablet can do without the server. Pure, so that tests can read it.
import type { WorkerState } from "../../offline/register.ts";

/** What is here, as far as it matters for working without a connection. */
export interface Held {
  worker: WorkerState;
  isComplete: boolean;
  products: number;
  categories: number;
  /** `none`: there is no live model, or this person does not ask for suggestions. */
  model: "none" | "fetching" | "ready" | "failed";
  hasScanner: boolean | null;
}

/** What is not here yet, and what to do about it. */
export interface Gap {
  what: string;
  remedy: string;
}

const WAIT = "What is missing comes by itself: stay connected, and keep this page open.";

export function gaps(held: Held): Gap[] {
  const found: Gap[] = [];
  if (held.worker === "impossible") {
    found.push({
      what: "the pages cannot be kept at this address",
      remedy:
        "Open Shelfmark at an address that begins with https://. Ask an administrator for it.",
    });
  } else if (held.worker === "starting" || held.worker === "failed") {
    found.push({ what: "the pages are not here", remedy: WAIT });
  }
  if (!held.isComplete) {
    found.push({ what: "the products are not all here", remedy: WAIT });
  }
  if (held.isComplete && held.categories === 0) {
    found.push({
      what: "there are no categories",
      remedy: "An administrator adds them, or an import brings them.",
    });
  }
  if (held.model === "fetching") {
    found.push({ what: "the model is not all here", remedy: WAIT });
  }
  if (held.model === "failed") {
    found.push({
      what: "the model is not here",
      remedy:
        "Look for what is new once the connection is better. Without the model, suggestions need the server; everything else works.",
    });
  }
  if (held.hasScanner === false) {
    found.push({
      what: "the camera scanner is not here",
      remedy: `${WAIT} A scanner that types works without it.`,
    });
  }
  return found;
}

/** Return the state in one sentence. */
export function readiness(found: readonly Gap[]): string {
  return found.length === 0
    ? "Ready for offline"
    : `Not ready for offline yet: ${found.map(({ what }) => what).join(", ")}.`;
}
