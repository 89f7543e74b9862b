import { expect, test } from "vitest";
import type { Product } from "../../api/types.ts";
import { BLANK, bodyOf, differing, faultOf, faultsOf, featuresOf, valuesOf } from "../fields.ts";

const DRILL = { ...BLANK, name: "Cordless drill", sku: "D-18" };

test("a product needs a name and an SKU, and nothing else", () => {
  expect(Object.keys(faultsOf(BLANK))).toEqual(["name", "sku"]);
  expect(Object.keys(faultsOf({ ...BLANK, name: "  ", sku: "x" }))).toEqual(["name"]);
  expect(faultsOf(DRILL)).toEqual({});
});

test.each([
  ["12", null],
  [" 12 ", null],
  ["0", "This must be from 1 to 100,000 mm."],
  ["100001", "This must be from 1 to 100,000 mm."],
  ["1.5", "Write a whole number of mm, in digits alone."],
  ["1e3", "Write a whole number of mm, in digits alone."],
  ["-5", "Write a whole number of mm, in digits alone."],
])("a width of “%s” is told %s", (typed, fault) => {
  expect(faultOf("width_mm", typed)).toBe(fault);
});

test.each(["12", "12.9", "12,90", "0"])("%s is a price", (typed) => {
  expect(faultOf("price", typed)).toBeNull();
});

test.each(["12.999", "1,299.00", "€ 12", "12345678901", "."])("%s is no price", (typed) => {
  expect(faultOf("price", typed)).toContain("at most two decimals");
});

test("a wrong check digit is told before anything is sent", () => {
  expect(faultOf("gtin", "4006381333932")).toContain("should be 1");
});

test("characters are counted as the server counts them", () => {
  expect(faultOf("sku", "😀".repeat(64))).toBeNull();
  expect(faultOf("sku", "😀".repeat(65))).toBe("At most 64 characters. This has 65.");
});

test("the body has numbers as numbers and says null for what is empty", () => {
  expect(bodyOf({ ...DRILL, width_mm: " 210 ", price: "12,90" })).toEqual({
    name: "Cordless drill",
    description: "",
    brand: "",
    sku: "D-18",
    gtin: null,
    width_mm: 210,
    height_mm: null,
    depth_mm: null,
    weight_g: null,
    price: "12.90",
    category: null,
  });
});

test("a change sends what was changed and nothing else", () => {
  const changed = { ...DRILL, brand: "Korvand", name: "Cordless drill " };
  expect(bodyOf(changed, differing(DRILL, changed))).toEqual({ brand: "Korvand" });
});

test("a stored product comes back as it is shown", () => {
  const stored = { ...bodyOf({ ...DRILL, weight_g: "1600", price: "89.90" }) } as unknown;
  const values = valuesOf(stored as Product);
  expect(values).toEqual({ ...DRILL, weight_g: "1600", price: "89.90" });
  expect(differing(values, values)).toEqual([]);
});

test("a model is asked with what can be read so far", () => {
  const typed = { ...DRILL, width_mm: "21 cm", weight_g: "1600", gtin: "4006381333931" };
  expect(featuresOf(typed)).toBe('{"name":"Cordless drill","weight_g":1600}');
  expect(featuresOf({ ...BLANK, name: "ab" })).toBeNull();
  expect(featuresOf({ ...BLANK, width_mm: "12" })).toBeNull();
  expect(featuresOf({ ...typed, category: "Tools" })).toBe(featuresOf(typed));
});

test("a barcode may be typed as a scanner sends it, and its GTIN is sent", () => {
  const label = "(01)04006381333931(10)A-1";
  expect(faultOf("gtin", label)).toBeNull();
  expect(bodyOf({ ...BLANK, gtin: label }, ["gtin"])).toEqual({ gtin: "4006381333931" });
  expect(bodyOf({ ...BLANK, gtin: " " }, ["gtin"])).toEqual({ gtin: null });
});
