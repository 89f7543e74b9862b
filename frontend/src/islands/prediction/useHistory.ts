import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { ask } from "../../api/client.ts";
import { below } from "../../api/next.ts";
import type { HistoryPage } from "../../api/types.ts";

const PAGE = 5;

export function historyKey(productId: number) {
  return ["history", productId];
}

/**
 * What was answered about a product, newest first, page by page; asked for once `isWanted`, and
 * anew with every new answer.
 */
export function useHistory(productId: number, newest: string | null, isWanted: boolean) {
  return useInfiniteQuery({
    queryKey: [...historyKey(productId), newest],
    queryFn: async ({ pageParam, signal }) => (await ask<HistoryPage>(pageParam, { signal })).data,
    initialPageParam: `products/${productId}/predictions?limit=${PAGE}`,
    getNextPageParam: ({ next }) => (next === null ? undefined : below(next)),
    placeholderData: keepPreviousData,
    enabled: isWanted,
  });
}
