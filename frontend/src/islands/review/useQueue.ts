import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { ask } from "../../api/client.ts";
import { below } from "../../api/next.ts";
import type { QueuePage } from "../../api/types.ts";
import { remaining, type Sitting } from "./sitting.ts";

const PAGE = 20;
const FEW = 5;

/** What waits for a person, least certain first; the next page comes before this one ends. */
export function useQueue(sitting: Sitting) {
  const queue = useInfiniteQuery({
    queryKey: ["queue"],
    queryFn: async ({ pageParam, signal }) => (await ask<QueuePage>(pageParam, { signal })).data,
    initialPageParam: `reviews/queue?limit=${PAGE}`,
    getNextPageParam: ({ next }) => (next === null ? undefined : below(next)),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnReconnect: false,
  });
  const pages = queue.data?.pages ?? [];
  const todo = remaining(
    pages.flatMap(({ results }) => results),
    sitting,
  );
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = queue;
  const isWanted = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  const isShort = todo.length < FEW;
  useEffect(() => {
    if (isWanted && isShort) {
      void fetchNextPage();
    }
  }, [isWanted, isShort, fetchNextPage]);
  return { ...queue, todo, waiting: pages[0]?.waiting ?? 0 };
}
