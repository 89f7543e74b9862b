import { expect, test } from "vitest";
import {
  count,
  deed,
  fieldsOf,
  loss,
  megabytes,
  outcome,
  reason,
  remedy,
  value,
} from "../words.ts";
import { change, result, SEEN } from "./made.ts";

test("numbers are said with their things", () => {
  expect(count(1, "change")).toBe("1 change");
  expect(count(1200, "change")).toBe("1,200 changes");
  expect(megabytes(1_234_567)).toBe("1.2 MB");
  expect(megabytes(52_400_000)).toBe("52 MB");
});

test("each kind of change says what somebody did", () => {
  expect(deed(change("product.create", { fields: {}, category: "Tools" }))).toBe(
    "A new product under Tools",
  );
  expect(deed(change("product.create", { fields: {}, category: null }))).toBe("A new product");
  const edit = change("product.edit", { set: { price: "9.50", name: "Saw" }, base: {} });
  expect(deed(edit)).toBe("Changed: Name, Price");
  expect(deed(change("product.categorize", { category: null, seen: SEEN }))).toBe(
    "Taken out of its category",
  );
  const accept = { prediction: "p", category: "Tools", note: "", seen: SEEN };
  expect(deed(change("prediction.accept", accept))).toBe("Accepted: Tools");
  expect(deed(change("prediction.correct", accept))).toBe("Corrected: Tools");
  const answer = {
    model_sha256: "f",
    category: "Tools",
    score: 1,
    confidence_ppm: 452_000,
    alternatives: [],
  };
  expect(deed(change("prediction.provisional", { answer }))).toMatch(
    /^This tablet’s own answer: Tools, 45\.2\s%$/,
  );
});

test("an edit shows both values of each field, a new product its own", () => {
  const edit = change("product.edit", {
    set: { name: "Saw", brand: "" },
    base: { name: "Drill", brand: "Korvand" },
  });
  expect(fieldsOf(edit)).toEqual([
    { name: "Name", before: "Drill", after: "Saw" },
    { name: "Brand", before: "Korvand", after: "nothing" },
  ]);
  const create = change("product.create", {
    fields: { sku: "S-1", brand: "", gtin: null },
    category: null,
  });
  expect(fieldsOf(create)).toEqual([{ name: "SKU", before: null, after: "S-1" }]);
  expect(value(0)).toBe("0");
});

test("a refusal has a reason in words, the server’s own if it gave one", () => {
  const refused = (more: object) =>
    change(
      "product.categorize",
      { category: "Tools", seen: SEEN },
      { status: "refused", result: result({ status: "rejected", ...more }) },
    );
  expect(reason(refused({ code: "gone" }))).toBe("The product was deleted.");
  expect(reason(refused({ code: "gone", detail: "It went." }))).toBe("It went.");
  expect(reason(refused({ code: "never heard of" }))).toBe("The server gave no reason.");
});

test.each([
  ["gone", "none"],
  ["permission_denied", "again"],
  ["unknown_category", "category"],
  ["unknown_prediction", "category"],
] as const)("what was refused as %s can be put right: %s", (code, way) => {
  const refused = change(
    "prediction.accept",
    { prediction: "p", category: "Tools", note: "", seen: SEEN },
    { status: "refused", result: result({ status: "rejected", code }) },
  );
  expect(remedy(refused)).toBe(way);
});

test("a taken SKU is put right in the form of the product", () => {
  const refused = change(
    "product.create",
    { fields: { sku: "S-1" }, category: null },
    { status: "refused", result: result({ status: "rejected", code: "sku_taken" }) },
  );
  expect(remedy(refused)).toBe("fields");
});

test("whoever discards hears what is lost, also what was built on it", () => {
  const create = change("product.create", { fields: {}, category: null });
  expect(loss(create, 0)).toBe(
    "“A new product” (Drill) was never carried out, and will not be. It cannot be brought back.",
  );
  expect(loss(create, 2)).toContain("2 later changes of this product are lost with it.");
});

test("what became of a change is said when it is not just what was asked", () => {
  const sent = (more: object) =>
    change(
      "product.categorize",
      { category: "Tools", seen: SEEN },
      { status: "sent", result: result({ status: "applied", ...more }) },
    );
  expect(outcome(sent({}))).toBeNull();
  expect(outcome(sent({ rebased: true }))).toBe(
    "A machine had changed it meanwhile. Your choice counts.",
  );
  expect(outcome(sent({ agreement: "differs" }))).toContain("another answer");
});
