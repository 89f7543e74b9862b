/**
 * The twin in a worker, so that a page stays responsive while a model loads or a list is scored.
 *
 * Each `Request` gets one `Response` with its `id`. The first must bring a model; a later one may
 * bring another, which replaces it.
 */

import { type Answer, type Categorizer, load, type Product } from "./index.ts";

/** What a page asks. */
export type Request = { readonly id: number } & (
  | { readonly model: Uint8Array; readonly sha256: string }
  | { readonly products: readonly Product[]; readonly top?: number }
);

/** What the worker answers; `error` may be shown. */
export type Response = { readonly id: number } & (
  | { readonly loaded: string }
  | { readonly answers: readonly Answer[] }
  | { readonly error: string }
);

let model: Promise<Categorizer> | undefined;

async function answer(request: Request): Promise<Response> {
  if ("model" in request) {
    model = load(request.model, request.sha256);
    return { id: request.id, loaded: (await model).sha256 };
  }
  if (model === undefined) {
    throw new Error("send a model first");
  }
  const categorizer = await model;
  const answers = request.products.map((product) => categorizer.suggest(product, request.top));
  return { id: request.id, answers };
}

addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  try {
    postMessage(await answer(data));
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
});
