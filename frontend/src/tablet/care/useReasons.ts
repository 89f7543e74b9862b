import { useEffect, useState } from "react";
import { ask } from "../../api/client.ts";
import type { Explanation, Waiting } from "../../api/types.ts";
import { options } from "../../ui/options.ts";
import { loudest } from "../../ui/words.ts";
import { explainHere, useModel } from "../model.ts";
import { useNet } from "../net.ts";

const MOST_WORDS = 3;

/**
 * Return what spoke most for each option: as this tablet's own model finds it, or the server.
 *
 * Only the very model that answered can say why it did.
 */
export function useReasons(waiting: Waiting): readonly (readonly string[])[] {
  const { sha256, state } = useModel();
  const isOffline = useNet() === "offline";
  const { product, prediction } = waiting;
  const isHere = state === "ready" && sha256 === prediction.model;
  const [reasons, setReasons] = useState<readonly (readonly string[])[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a receipt never changes
  useEffect(() => {
    const over = new AbortController();
    const { signal } = over;
    const why = async (category: string, place: number): Promise<readonly string[]> => {
      try {
        if (isHere) {
          return loudest((await explainHere(product, category)).contributions, MOST_WORDS);
        }
        if (isOffline || prediction.model === null) {
          return [];
        }
        const asked = place === 0 ? "" : `?${new URLSearchParams({ category })}`;
        const path = `predictions/${prediction.receipt_id}/explanation${asked}`;
        return loudest((await ask<Explanation>(path, { signal })).data.contributions, MOST_WORDS);
      } catch {
        return []; // the decision does not need it
      }
    };
    void Promise.all(options(waiting).map(({ category }, place) => why(category, place))).then(
      (found) => signal.aborted || setReasons(found),
    );
    return () => over.abort();
  }, [prediction.receipt_id, isHere, isOffline]);
  return reasons;
}
