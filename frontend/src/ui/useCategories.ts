import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client.ts";
import type { CategoryPage } from "../api/types.ts";
import { useDebounced } from "./useDebounced.ts";

const PAUSE_MS = 200;
const MOST = 50;

/**
 * The categories whose path has every word of `search`; asked for once `isWanted`. None while the
 * last letters wait for their answer: Enter must not take what belongs to the letters before.
 */
export function useCategories(search: string, isWanted: boolean) {
  const typed = search.trim();
  const words = useDebounced(typed, PAUSE_MS);
  const found = useQuery({
    queryKey: ["categories", words],
    queryFn: async ({ signal }) => {
      const asked = new URLSearchParams({ limit: String(MOST), ...(words && { search: words }) });
      return (await ask<CategoryPage>(`categories?${asked}`, { signal })).data.results;
    },
    staleTime: 60_000,
    enabled: isWanted,
  });
  const isSettled = words === typed && !found.isPending;
  return { categories: isSettled ? (found.data ?? []) : [], isSettled, error: found.error };
}
