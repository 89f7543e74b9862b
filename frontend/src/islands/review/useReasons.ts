import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Waiting } from "../../api/types.ts";
import { options } from "../../ui/options.ts";
import { explanationOf } from "../../ui/useExplanation.ts";
import { loudest } from "../../ui/words.ts";

const MOST_WORDS = 3;

function questions(waiting: Waiting) {
  return options(waiting).map(({ category }, place) =>
    explanationOf(waiting.prediction.receipt_id, place === 0 ? null : category),
  );
}

/** What spoke most for each option of a product; for the product after it, ask ahead. */
export function useReasons(current: Waiting, following: Waiting | undefined): string[][] {
  const queries = useQueryClient();
  const answers = useQueries({
    queries: questions(current).map((one) => ({ ...one, retry: false })),
  });
  useEffect(() => {
    for (const question of following ? questions(following) : []) {
      void queries.prefetchQuery(question);
    }
  }, [queries, following]);
  return answers.map(({ data }) => (data ? loudest(data.contributions, MOST_WORDS) : []));
}
