import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { ask } from "../../api/client.ts";
import type { Product, ProductPage } from "../../api/types.ts";
import { bodyOf, differing, valuesOf } from "../../forms/fields.ts";
import { useReview } from "../../ui/useReview.ts";
import { type Difference, differences } from "./merge.ts";
import { isSavedBefore, isStale, told } from "./refusal.ts";
import type { Form } from "./useForm.ts";

/** Somebody else changed the product: what they made of it, and where we differ. */
export interface Conflict {
  theirs: Product;
  found: Difference[];
}

function send(form: Form, productId: number | null): Promise<{ data: Product }> {
  return productId === null
    ? ask<Product>("products", {
        method: "POST",
        body: bodyOf(form.values),
        idempotencyKey: form.key,
      })
    : ask<Product>(`products/${productId}`, {
        method: "PATCH",
        body: bodyOf(form.values, form.changed),
        ...(form.version !== null && { version: form.version }),
      });
}

/** Save the form, then the person's answer to the suggestion that was taken; then leave. */
export function useSave(form: Form, productId: number | null, mayReview: boolean) {
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [savedBefore, setSavedBefore] = useState<Product | null>(null);
  const isRunning = useRef(false);
  const review = useReview();

  const answer = async (product: Product) => {
    if (form.taken !== null && mayReview && product.category !== null) {
      const { receiptId, suggested } = form.taken;
      const category = product.category === suggested ? null : product.category;
      await review.mutateAsync({ receiptId, category });
    }
    form.leaveTo(product.id);
  };

  const save = useMutation({
    mutationFn: async () => (await send(form, productId)).data,
    onSuccess: (product) => answer(product).catch(() => undefined), // `review` tells it
    onError: async (error) => {
      if (isStale(error) && productId !== null) {
        const { data: theirs } = await ask<Product>(`products/${productId}`);
        const stored = valuesOf(theirs);
        if (differing(stored, form.values).length === 0) {
          form.leaveTo(productId); // it was this very change, whose answer was lost
        } else {
          const found = differences(form.start, form.values, stored);
          setConflict({ theirs, found });
        }
      } else if (isSavedBefore(error)) {
        const sku = new URLSearchParams({ sku: form.values.sku.trim() });
        const { data: page } = await ask<ProductPage>(`products?${sku}`);
        setSavedBefore(page.results[0] ?? null);
      } else {
        form.setFaults(told(error).faults);
      }
    },
    onSettled: () => {
      isRunning.current = false;
    },
  });

  return {
    conflict,
    savedBefore,
    saved: save.data,
    reviewError: review.error,
    leave: (product: Product) => form.leaveTo(product.id),
    answerAgain: (product: Product) => void answer(product).catch(() => undefined),
    isPending: save.isPending || (save.isSuccess && !review.isError),
    error: save.error,
    endConflict: () => setConflict(null),
    save() {
      // A second tap can come before the button is drawn as busy.
      if (!isRunning.current) {
        isRunning.current = true;
        save.mutate();
      }
    },
  };
}

export type Saving = ReturnType<typeof useSave>;
