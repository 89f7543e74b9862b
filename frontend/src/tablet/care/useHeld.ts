import { useEffect, useState, useSyncExternalStore } from "react";
import type { Person } from "../../offline/person.ts";
import { onWorkerState, workerState } from "../../offline/register.ts";
import type { Store } from "../../offline/store.ts";
import { ensureModel, useModel } from "../model.ts";
import { scannerReady } from "../scan/prepare.ts";
import { useStored } from "../stored.ts";
import { type Known, may } from "../who.ts";
import type { Held } from "./readiness.ts";
import { type Room, room } from "./storage.ts";

let asked: Promise<void> | null = null;

/** Whether it is known, since this page was opened, which model the server answers with. */
function useModelAsked(person: Person): boolean {
  const mayAsk = may(person, "predictions.add_prediction");
  const [isAsked, setAsked] = useState(!mayAsk);
  useEffect(() => {
    if (mayAsk) {
      asked ??= ensureModel();
      void asked.finally(() => setAsked(true));
    }
  }, [mayAsk]);
  return isAsked;
}

/** Everything that the state of this tablet is read from; undefined while it is read. */
export function useHeld({ store, person }: Known) {
  const worker = useSyncExternalStore(onWorkerState, workerState);
  const facts = useStored(store, () => factsOf(store), "facts");
  const model = useModel();
  const isModelKnown = useModelAsked(person);
  const [space, setSpace] = useState<Room | null>(null);
  const [hasScanner, setHasScanner] = useState<boolean | null>(null);
  // Read again whenever something else arrived.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    void room().then(setSpace);
    void scannerReady().then(setHasScanner);
  }, [facts, model.state]);
  if (facts === undefined) {
    return undefined;
  }
  const held: Held = {
    worker,
    isComplete: facts.isComplete,
    products: facts.products,
    categories: facts.categories,
    model: model.state === "none" && !isModelKnown ? "fetching" : model.state,
    hasScanner,
  };
  return { held, facts, model, space };
}

async function factsOf(store: Store) {
  const [facts, predictions] = await Promise.all([
    store.facts(),
    store.use((database) => database.count("predictions")),
  ]);
  return { ...facts, predictions };
}
