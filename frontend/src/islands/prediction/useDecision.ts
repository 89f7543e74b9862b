import { useQueryClient } from "@tanstack/react-query";
import { ask } from "../../api/client.ts";
import type { Product } from "../../api/types.ts";
import { type Decision, useReview } from "../../ui/useReview.ts";
import { showFacts } from "./facts.ts";
import { historyKey } from "./useHistory.ts";

/** Accept or correct a suggestion; then the facts of the page and the history say so, too. */
export function useDecision(productId: number, onFiled: (category: string) => void) {
  const queries = useQueryClient();
  const review = useReview();
  const decide = (decision: Decision) =>
    review.mutate(decision, {
      onSuccess: async ({ category }) => {
        onFiled(category);
        void queries.invalidateQueries({ queryKey: historyKey(productId) });
        const { data } = await ask<Product>(`products/${productId}`);
        showFacts(document, data);
      },
    });
  return { ...review, decide };
}
