import { useQuery } from "@tanstack/react-query";
import { type Answer, ask } from "../../api/client.ts";
import type { HistoryPage, Suggested } from "../../api/types.ts";
import { type Receipt, receiptPath } from "./useReceipt.ts";

/**
 * The answer to a product: a new one with its own receipt for who may ask, else the newest that
 * was given; null if there is none.
 */
export function useAnswer(productId: number, mayAsk: boolean) {
  return useQuery({
    queryKey: ["prediction", productId],
    queryFn: () =>
      mayAsk ? ask<Suggested>(`products/${productId}/prediction`) : newest(productId),
    // Every question leaves a receipt, so only a person repeats it.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnReconnect: false,
    refetchOnMount: false,
  });
}

async function newest(productId: number): Promise<Answer<Suggested | null>> {
  const { data: page, ...rest } = await ask<HistoryPage>(
    `products/${productId}/predictions?limit=1`,
  );
  const past = page.results[0];
  if (past === undefined) {
    return { data: null, ...rest };
  }
  const { data: receipt } = await ask<Receipt>(receiptPath(past.id));
  const answer: Suggested = {
    ...past,
    receipt_id: past.id,
    product_id: productId,
    confidence: past.confidence_ppm === null ? null : past.confidence_ppm / 1_000_000,
    alternatives: receipt.alternatives.map((one) => ({
      ...one,
      confidence: one.confidence_ppm / 1_000_000,
    })),
  };
  return { data: answer, ...rest };
}
