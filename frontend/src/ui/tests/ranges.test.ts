import * as fc from "fast-check";
import { expect, test } from "vitest";
import { numberFeatures } from "../../categorizer/features.ts";
import { range } from "../ranges.ts";

test("a range is told by its ends and its unit", () => {
  expect(range("weight_g", "is in bucket f82")).toBe("1,449 to 1,722 g");
  expect(range("weight_g", "is in bucket h41")).toBe("1,449 to 2,047 g");
  expect(range("weight_g", "is in bucket o20")).toBe("1,024 to 2,047 g");
  expect(range("weight_g", "is in bucket p21")).toBe("1,449 to 2,896 g");
  expect(range("price", "is in bucket f54")).toBe("11.31 to 13.45");
  expect(range("price", "is in bucket 0")).toBe("next to nothing");
});

test("every number lies in the ranges that its features name", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (grams) => {
      for (const feature of numberFeatures(0, grams)) {
        const told = range("weight_g", `is in bucket ${feature.split(" ").at(-1)}`);
        const ends = told
          .replace(/[^\d to]/g, "")
          .split(" to ")
          .map(Number);
        expect(ends[0]).toBeLessThanOrEqual(grams);
        expect(ends.at(-1)).toBeGreaterThanOrEqual(grams);
      }
    }),
  );
});
