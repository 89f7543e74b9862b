// The two who can say where a product belongs, the server and this tablet, and what becomes of it.
import type { Suggested } from "../../api/types.ts";
import type { Change, NewChange, TabletAnswer } from "../../offline/changes.ts";
import { alone } from "../../offline/locks.ts";
import { enqueue } from "../../offline/outbox.ts";
import type { Shown, Store } from "../../offline/store.ts";
import { changesOf, provisionalOf } from "./states.ts";

export type Suggestion =
  | {
      source: "server";
      answer: Suggested;
      /** When this answer reached the tablet. */
      at: Date;
      /** Kept from an earlier time, because the server did not answer now. */
      isCached: boolean;
    }
  | { source: "tablet"; answer: TabletAnswer };

/** Return the change that tells the server what this tablet answered; make it if there is none. */
export async function offered(
  store: Store,
  shown: Shown,
  answer: TabletAnswer,
): Promise<Change<"prediction.provisional">> {
  // One after the other, in all tabs: each state of a product is offered once.
  const made = await alone(`offered ${store.name}`, true, async () => {
    const known = provisionalOf(changesOf(await store.changes(), shown), answer);
    if (known !== null) {
      return known;
    }
    const { ref, product } = shown;
    return enqueue(store, {
      kind: "prediction.provisional",
      product: ref,
      payload: { answer },
      baseVersion: "id" in ref ? product.version : null,
      label: product.name,
    });
  });
  return made as Change<"prediction.provisional">;
}

/** Return what accepting or correcting a suggestion is. `prediction` is its receipt or its change. */
export function decision(
  shown: Shown,
  suggestion: Suggestion,
  prediction: string,
  category: string,
): NewChange {
  const { ref, product } = shown;
  const { source, answer } = suggestion;
  const model = source === "server" ? suggestion.answer.model : suggestion.answer.model_sha256;
  const seen = { category_id: product.category_id, prediction, model, source };
  return {
    kind: answer.category === category ? "prediction.accept" : "prediction.correct",
    product: ref,
    payload: { prediction, category, note: "", seen },
    baseVersion: "id" in ref ? product.version : null,
    label: product.name,
  };
}

/** Return what filing a product without any suggestion is. */
export function filing({ ref, product }: Shown, category: string): NewChange {
  const seen = { category_id: product.category_id, prediction: null, model: null, source: null };
  return {
    kind: "product.categorize",
    product: ref,
    payload: { category, seen },
    baseVersion: "id" in ref ? product.version : null,
    label: product.name,
  };
}
