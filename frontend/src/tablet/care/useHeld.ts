import { useEffect, useState, useSyncExternalStore } from "react";
import { onWorkerState, workerState } from "../../offline/register.ts";
import type { Store } from "../../offline/store.ts";
import { useModel } from "../model.ts";
import { scannerReady } from "../scan/prepare.ts";
import { useStored } from "../stored.ts";
import type { Held } from "./readiness.ts";
import { type Room, room } from "./storage.ts";

/** Everything that the state of this tablet is read from; undefined while it is read. */
export function useHeld(store: Store) {
  const worker = useSyncExternalStore(onWorkerState, workerState);
  const facts = useStored(store, () => factsOf(store), "facts");
  const model = useModel();
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
    model: model.state,
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
