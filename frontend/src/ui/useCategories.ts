import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ask } from "../api/client.ts";
import type { CategoryPage } from "../api/types.ts";
import { useDebounced } from "./useDebounced.ts";

const PAUSE_MS = 200;
const MOST = 50;

/** The categories whose path has every word of `search`; asked for once `isWanted`. */
export function useCategories(search: string, isWanted: boolean) {
  const words = useDebounced(search.trim(), PAUSE_MS);
  return useQuery({
    queryKey: ["categories", words],
    queryFn: async ({ signal }) => {
      const asked = new URLSearchParams({ limit: String(MOST), ...(words && { search: words }) });
      return (await ask<CategoryPage>(`categories?${asked}`, { signal })).data.results;
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    enabled: isWanted,
  });
}
