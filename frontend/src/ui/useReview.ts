import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { ask } from "../api/client.ts";
import { newKey } from "../api/keys.ts";
import type { Review } from "../api/types.ts";

export interface Decision {
  receiptId: string;
  /** Another category than the one suggested; null accepts the suggestion. */
  category: string | null;
}

/** Send a person's answer to a suggestion. The same decision keeps its key until it has arrived. */
export function useReview() {
  const keys = useRef(new Map<string, string>());
  return useMutation({
    mutationFn: async ({ receiptId, category }: Decision) => {
      const decision = JSON.stringify([receiptId, category]);
      const key = keys.current.get(decision) ?? newKey();
      keys.current.set(decision, key);
      const { data } = await ask<Review>(`predictions/${receiptId}/review`, {
        method: "POST",
        body: category === null ? {} : { category },
        idempotencyKey: key,
      });
      // Who decides the same once more, after another decision, decides anew.
      keys.current.delete(decision);
      return data;
    },
  });
}
