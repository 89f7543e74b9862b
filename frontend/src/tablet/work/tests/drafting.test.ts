import { expect, test } from "vitest";
import type { Product } from "../../../api/types.ts";
import { begun, blank, changesIn, draftKey, handedOver, hasCode, isDraft } from "../drafting.ts";

const DRILL: Product = {
  id: 7,
  sku: "D-18",
  gtin: "4006381333931",
  name: "Cordless drill",
  description: "",
  brand: "Korvand",
  width_mm: null,
  height_mm: null,
  depth_mm: null,
  weight_g: 1600,
  price: "89.90",
  category: "Tools > Drills",
  category_id: 3,
  category_source: "model",
  version: 4,
  created_at: "",
  updated_at: "",
};

function typed(draft: ReturnType<typeof blank>, values: Partial<typeof draft.values>) {
  return { ...draft, values: { ...draft.values, ...values } };
}

test("a scanned code goes where it belongs", () => {
  expect(blank("4006381333931").values.gtin).toBe("4006381333931");
  expect(blank("4006381333931").values.sku).toBe("");
  // The last digit is wrong, so it is no barcode.
  expect(blank("4006381333930").values.sku).toBe("4006381333930");
  expect(blank("SHELF-7").values.sku).toBe("SHELF-7");
});

test("a new product is one change, with its category in it", () => {
  const draft = typed(blank("S-1"), { name: " Hammer ", weight_g: "500", category: "Tools" });
  const [change, ...others] = changesIn(draft, null);
  expect(others).toEqual([]);
  expect(change).toMatchObject({
    kind: "product.create",
    id: draft.id,
    product: { uuid: draft.uuid },
    baseVersion: null,
    label: "Hammer",
    payload: {
      fields: { sku: "S-1", name: "Hammer", weight_g: 500, gtin: null },
      category: "Tools",
    },
  });
});

test("an edit sends what was changed, with what was there before", () => {
  const draft = typed(begun(DRILL, false), { name: "Drill 18 V", price: "79,90" });
  expect(changesIn(draft, { id: 7 })).toMatchObject([
    {
      kind: "product.edit",
      product: { id: 7 },
      baseVersion: 4,
      payload: {
        set: { name: "Drill 18 V", price: "79.90" },
        base: { name: "Cordless drill", price: "89.90" },
      },
    },
  ]);
});

test("fields come before the category, and what is handed over is not handed over again", () => {
  const draft = typed(begun(DRILL, false), { brand: "Other", category: "" });
  const kinds = changesIn(draft, { id: 7 }).map(({ kind }) => kind);
  expect(kinds).toEqual(["product.edit", "product.categorize"]);
  const rest = changesIn(handedOver(draft), { id: 7 });
  expect(rest).toMatchObject([
    { kind: "product.categorize", payload: { category: null, seen: { category_id: 3 } } },
  ]);
});

test("nothing changed is nothing sent", () => {
  expect(changesIn(begun(DRILL, false), { id: 7 })).toEqual([]);
});

test("a product made here has no version that the server knows", () => {
  const draft = typed(begun({ ...DRILL, id: 0, version: 0 }, true), { brand: "Other" });
  expect(changesIn(draft, { uuid: "u" })[0]?.baseVersion).toBeNull();
});

test("each product and each scanned code has a draft of its own", () => {
  const keys = [
    draftKey(null, ""),
    draftKey(null, "4006381333931"),
    draftKey({ id: 7 }, ""),
    draftKey({ uuid: "u" }, ""),
  ];
  expect(new Set(keys).size).toBe(4);
});

test("what was kept by another version is not taken for a draft", () => {
  expect(isDraft(blank(""))).toBe(true);
  expect(isDraft(null)).toBe(false);
  expect(isDraft({ id: "x", values: { name: "Drill" }, start: {} })).toBe(false);
});

test("a double is a product with the same code in the same field", () => {
  expect(hasCode(DRILL, "sku", " d-18 ")).toBe(true);
  expect(hasCode(DRILL, "gtin", "04006381333931")).toBe(true);
  expect(hasCode(DRILL, "sku", "4006381333931")).toBe(false);
  expect(hasCode({ ...DRILL, gtin: null }, "gtin", "4006381333931")).toBe(false);
});
