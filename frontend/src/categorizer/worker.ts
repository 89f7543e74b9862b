/**
 * The twin in a worker, so that a page stays responsive while a model loads or a list is scored.
 *
 * Each `Request` gets one `Response` with its `id`. The first must bring a model; a later one may
 * bring another, which replaces it. A model that comes with `vectors` has to answer them to the
 * last digit before it is asked anything else.
 */

import {
  type Answer,
  type Categorizer,
  type Explanation,
  explain,
  load,
  type Product,
} from "./index.ts";

/** A product with what the server's own categorizer answered. */
export interface Vector {
  readonly product: Product;
  readonly top: number;
  readonly answer: Answer;
}

/** What a page asks. */
export type Request = { readonly id: number } & (
  | { readonly model: Uint8Array; readonly sha256: string; readonly vectors?: readonly Vector[] }
  | { readonly products: readonly Product[]; readonly top?: number }
  | { readonly explain: Product; readonly label?: string }
);

/** What the worker answers; `error` may be shown. */
export type Response = { readonly id: number } & (
  | { readonly loaded: string }
  | { readonly answers: readonly Answer[] }
  | { readonly explanation: Explanation }
  | { readonly error: string }
);

let model: Promise<Categorizer> | undefined;

async function proved(
  bytes: Uint8Array,
  sha256: string,
  vectors: readonly Vector[],
): Promise<Categorizer> {
  const found = await load(bytes, sha256);
  vectors.forEach(({ product, top, answer }, index) => {
    const { matched, suggestions } = found.suggest(product, top);
    const isSame =
      matched === answer.matched &&
      suggestions.length === answer.suggestions.length &&
      suggestions.every(({ label, score, confidence_ppm }, place) => {
        const expected = answer.suggestions[place];
        return (
          label === expected?.label &&
          score === expected.score &&
          confidence_ppm === expected.confidence_ppm
        );
      });
    if (!isSame) {
      throw new Error(`it answers test question ${index + 1} otherwise than the server`);
    }
  });
  return found;
}

async function answer(request: Request): Promise<Response> {
  const { id } = request;
  if ("model" in request) {
    model = proved(request.model, request.sha256, request.vectors ?? []);
    return { id, loaded: (await model).sha256 };
  }
  if (model === undefined) {
    throw new Error("send a model first");
  }
  const categorizer = await model;
  if ("explain" in request) {
    return { id, explanation: explain(categorizer, request.explain, request.label) };
  }
  const answers = request.products.map((product) => categorizer.suggest(product, request.top));
  return { id, answers };
}

addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  try {
    postMessage(await answer(data));
  } catch (error) {
    postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
});
