// What has become of the changes of a product.

import {
  type Change,
  type Kind,
  keyOf,
  type Status,
  type TabletAnswer,
} from "../../offline/changes.ts";
import type { Shown } from "../../offline/store.ts";

/** Return the state that a row has to show: what needs a person comes before what needs none. */
export function worst(changes: readonly Change[]): Status | null {
  const found = new Set(changes.map((one) => one.status));
  for (const state of ["conflict", "refused", "waiting"] as const) {
    if (found.has(state)) {
      return state;
    }
  }
  return null;
}

/** Narrow a change to what a kind of change carries. */
export function is<K extends Kind>(change: Change, kind: K): change is Change<K> {
  return change.kind === kind;
}

/** Return the changes of one product, also those from before the server gave it a name. */
export function changesOf(
  changes: readonly Change[],
  { ref, waiting, troubled }: Pick<Shown, "ref" | "waiting" | "troubled">,
): readonly Change[] {
  const open = new Set([...waiting, ...troubled].map((one) => one.id));
  const key = keyOf(ref);
  return changes.filter(
    (one) =>
      open.has(one.id) ||
      keyOf(one.product) === key ||
      ("id" in ref && one.result?.product?.id === ref.id),
  );
}

export type Decision = Change<"prediction.accept"> | Change<"prediction.correct">;

export function isDecision(change: Change): change is Decision {
  return is(change, "prediction.accept") || is(change, "prediction.correct");
}

/** Return the last decision about one suggestion. */
export function decisionOn(changes: readonly Change[], prediction: string): Decision | null {
  const found = changes.filter(isDecision).filter((one) => one.payload.prediction === prediction);
  return found.at(-1) ?? null;
}

/** Return the change in which this very answer waits for the server's, or had it already. */
export function provisionalOf(
  changes: readonly Change[],
  answer: TabletAnswer,
): Change<"prediction.provisional"> | null {
  // Scores are exact: another state of the product or another model gives another answer.
  const said = JSON.stringify(answer);
  const found = changes
    .filter((one) => is(one, "prediction.provisional"))
    .filter((one) => JSON.stringify(one.payload.answer) === said);
  return found.at(-1) ?? null;
}

/** Say how the server's answer compares with the one that this tablet gave. Null: not known yet. */
export function compared(
  change: Change<"prediction.provisional">,
  server: { id: string; category: string | null } | null,
): string | null {
  const { result } = change;
  if (result?.agreement === "same") {
    return "The server’s answer was the same as this tablet’s.";
  }
  if (result?.agreement !== "differs") {
    return null;
  }
  const mine = change.payload.answer.category;
  const theirs = server !== null && server.id === result.prediction ? server.category : undefined;
  if (theirs === undefined) {
    return `The server’s answer differs: this tablet said ${mine}. A person will look at it.`;
  }
  return `The server’s answer differs: ${theirs ?? "no suggestion"} instead of ${mine}. A person will look at it.`;
}
