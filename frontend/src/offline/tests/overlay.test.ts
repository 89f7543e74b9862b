import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../changes.ts";
import { overlaid } from "../overlay.ts";
import { product } from "./server.ts";

const PATHS = ["Tools", "Tools > Hammers", "Paper"];
const idOf = (path: string) => (PATHS.includes(path) ? PATHS.indexOf(path) + 1 : null);

const fields = fc.record(
  {
    name: fc.string(),
    brand: fc.string(),
    gtin: fc.option(fc.constantFrom("4006381333931", "96385074")),
    width_mm: fc.option(fc.nat(9999)),
  },
  { requiredKeys: [] },
);
const path = fc.constantFrom(...PATHS, "Nowhere");
const decision = { prediction: "", note: "", seen: {} };
const change = fc.oneof(
  fc.record({
    kind: fc.constant("product.edit"),
    payload: fc.record({ set: fields, base: fc.constant({}) }),
  }),
  fc.record({
    kind: fc.constant("product.categorize"),
    payload: fc.record({ category: fc.option(path), seen: fc.constant({}) }),
  }),
  fc.record({
    kind: fc.constantFrom("prediction.accept", "prediction.correct"),
    payload: path.map((category) => ({ ...decision, category })),
  }),
  fc.record({
    kind: fc.constantFrom("prediction.skip", "conflict.dismiss", "prediction.provisional"),
    payload: fc.constant({}),
  }),
) as unknown as fc.Arbitrary<Change>;
const changes = fc.array(change, { maxLength: 12 });

test("applied twice, changes lead to the same as applied once", () => {
  fc.assert(
    fc.property(changes, (some) => {
      const once = overlaid(product(1), some, idOf);
      expect(overlaid(once, some, idOf)).toEqual(once);
    }),
  );
});

test("they are applied in their order, wherever they are cut", () => {
  fc.assert(
    fc.property(changes, changes, (first, second) => {
      const apart = overlaid(overlaid(product(1), first, idOf), second, idOf);
      expect(overlaid(product(1), [...first, ...second], idOf)).toEqual(apart);
    }),
  );
});

test("the last word about each field counts, and what nobody named stays", () => {
  fc.assert(
    fc.property(changes, (some) => {
      const now = overlaid(product(1), some, idOf);
      const sets = some.map(({ payload }) => (payload as { set?: { name?: string } }).set ?? {});
      expect(now.name).toBe(sets.filter((one) => "name" in one).at(-1)?.name ?? "Product 1");
      expect([now.id, now.version, now.sku]).toEqual([1, 1, "SF-1"]);
    }),
  );
});

test("a person who says where a product belongs has said so", () => {
  const seen = { category_id: null, prediction: null, model: null, source: null };
  const categorize = (category: string | null) =>
    ({ kind: "product.categorize", payload: { category, seen } }) as Change;
  const filed = overlaid(product(1), [categorize("Paper")], idOf);
  expect(filed).toMatchObject({ category: "Paper", category_id: 3, category_source: "person" });
  const taken = overlaid(filed, [categorize(null)], idOf);
  expect(taken).toMatchObject({ category: null, category_id: null, category_source: "" });
});

test("what the machine said on this tablet files nothing", () => {
  const said = { kind: "prediction.provisional", payload: { answer: { category: "Paper" } } };
  expect(overlaid(product(1), [said as unknown as Change], idOf)).toEqual(product(1));
});
