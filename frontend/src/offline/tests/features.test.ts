import { expect, test } from "vitest";
import type { Product } from "../../api/types.ts";
import { featuresOf } from "../features.ts";
import vectors from "../vectors/features.json" with { type: "json" };

test("a model is asked what the server would ask it about the same product", () => {
  expect(vectors.length).toBeGreaterThan(10);
  for (const { product, features } of vectors) {
    expect(featuresOf(product as Product)).toEqual(features);
  }
});

test("what somebody is still typing is read as it will be stored", () => {
  expect(featuresOf({ name: "Lamp", price: "012.9" })).toEqual({ name: "Lamp", price: "12.90" });
  expect(featuresOf({ price: "7" })).toEqual({ price: "7.00" });
  expect(featuresOf({ name: "", price: "", width_mm: null })).toEqual({});
  for (const price of ["1,5", "-1", "1.234", "1e3", ".5", "5."]) {
    expect(featuresOf({ price })).toEqual({});
  }
});
