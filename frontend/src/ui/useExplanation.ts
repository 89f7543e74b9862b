import { queryOptions, useQuery } from "@tanstack/react-query";
import { ask } from "../api/client.ts";
import type { Explanation } from "../api/types.ts";

/** How to ask why a receipt says what it says; with `category`, what spoke for that one instead. */
export function explanationOf(receiptId: string, category: string | null) {
  return queryOptions({
    queryKey: ["explanation", receiptId, category],
    queryFn: async ({ signal }) => {
      const asked = category === null ? "" : `?${new URLSearchParams({ category })}`;
      const path = `predictions/${receiptId}/explanation${asked}`;
      return (await ask<Explanation>(path, { signal })).data;
    },
    staleTime: Number.POSITIVE_INFINITY, // a receipt never changes, and neither does its reason
  });
}

export function useExplanation(receiptId: string, category: string | null, isWanted: boolean) {
  return useQuery({ ...explanationOf(receiptId, category), enabled: isWanted });
}
