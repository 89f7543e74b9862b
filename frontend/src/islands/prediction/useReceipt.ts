import { useQuery } from "@tanstack/react-query";
import { ask } from "../../api/client.ts";
import type { PassedOver } from "../../ui/words.ts";

/** What the screens read of a receipt; docs/receipt-format.md has the whole of it. */
export interface Receipt {
  passed_over: PassedOver[];
  alternatives: { category: string; confidence_ppm: number; score: number }[];
}

export function receiptPath(id: string): string {
  return `predictions/${id}`;
}

/** The receipt of an answer, if it is wanted. It never changes. */
export function useReceipt(id: string, isWanted: boolean) {
  return useQuery({
    queryKey: ["receipt", id],
    queryFn: async ({ signal }) => (await ask<Receipt>(receiptPath(id), { signal })).data,
    staleTime: Number.POSITIVE_INFINITY,
    enabled: isWanted,
  });
}
