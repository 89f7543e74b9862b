import { useCallback, useEffect, useState } from "react";
import { Refused } from "../../api/client.ts";
import type { Suggested } from "../../api/types.ts";
import { PATIENCE_S } from "../../offline/rules.ts";
import { type Known, request } from "../who.ts";
import type { Suggestion } from "./suggesting.ts";

const NOT_AGAIN = "The server could not be asked again. This is still the answer from before.";

type Answer = Extract<Suggestion, { source: "server" }>;

/**
 * Ask the server where a product belongs, and again when `question` is another one.
 *
 * Null for `id`: the server does not know the product. Null for `question`: it does not know it as
 * it is on the screen, so it is not asked.
 */
export function useServerAnswer(who: Known, id: number | null, question: string | null) {
  const { store } = who;
  const isWanted = id !== null && question !== null;
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [isAsking, setAsking] = useState(isWanted);
  const [isLate, setLate] = useState(false);
  const [problem, setProblem] = useState("");

  const ask = useCallback(
    async (isUrgent: boolean, signal?: AbortSignal) => {
      if (id === null) {
        return;
      }
      setAsking(true);
      setProblem("");
      const patience = window.setTimeout(() => setLate(true), PATIENCE_S * 1000);
      try {
        const options = { isUrgent, ...(signal ? { signal } : {}) };
        const told = await request<Suggested>(`products/${id}/prediction`, options);
        const { data, isCached, cachedAt } = told;
        const now = new Date();
        if (!isCached) {
          await store.keepPrediction(id, data, now);
        } else if (isUrgent) {
          setProblem(NOT_AGAIN);
        }
        setAnswer({ source: "server", answer: data, at: cachedAt ?? now, isCached });
        setLate(false);
      } catch (error) {
        if (signal?.aborted) {
          return;
        }
        const kept = await store.prediction(id);
        if (kept !== undefined) {
          const at = new Date(kept.storedAt);
          setAnswer({ source: "server", answer: kept.answer, at, isCached: true });
        }
        // Whoever has to sign in anew is told so above every screen.
        const isRefused = error instanceof Refused && error.status !== 401;
        setLate(!isRefused || error.status >= 500);
        setProblem(isRefused ? error.message : kept !== undefined && isUrgent ? NOT_AGAIN : "");
      } finally {
        window.clearTimeout(patience);
      }
      setAsking(false);
    },
    [store, id],
  );

  useEffect(() => {
    if (id === null || question === null) {
      setAsking(false);
      return;
    }
    const over = new AbortController();
    // What is kept is on the screen while the server thinks.
    void store.prediction(id).then((kept) => {
      if (kept !== undefined && !over.signal.aborted) {
        const { answer, storedAt } = kept;
        setAnswer(
          (now) => now ?? { source: "server", answer, at: new Date(storedAt), isCached: false },
        );
      }
    });
    void ask(false, over.signal);
    return () => over.abort();
  }, [store, id, question, ask]);

  return { answer, isAsking, isLate, problem, ask: () => void ask(true) };
}
