import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ask } from "../../api/client.ts";
import type { Suggested } from "../../api/types.ts";
import { featuresOf, type Values } from "../../forms/fields.ts";
import { useDebounced } from "../../ui/useDebounced.ts";

const PAUSE_MS = 400;

/**
 * The suggestion for what is typed so far. It is asked for when the typing rests, and not again
 * for the same words. The question before it is given up, so that no older answer comes after a
 * newer one; until the newer one is there, the older one stays.
 */
export function useLive(start: Values, values: Values, mayAsk: boolean) {
  const features = useDebounced(featuresOf(values), PAUSE_MS);
  const isWanted = mayAsk && features !== null && features !== featuresOf(start);
  const live = useQuery({
    queryKey: ["live", features],
    queryFn: async ({ signal }) => {
      const body: unknown = JSON.parse(features ?? "{}");
      return (await ask<Suggested>("predictions", { method: "POST", body, signal })).data;
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    enabled: isWanted,
  });
  return { ...live, answer: isWanted ? (live.data ?? null) : null };
}
