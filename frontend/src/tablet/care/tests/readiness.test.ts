import { expect, test } from "vitest";
import { gaps, type Held, readiness } from "../readiness.ts";

const ALL: Held = {
  worker: "ready",
  isComplete: true,
  products: 20_000,
  categories: 80,
  model: "ready",
  hasScanner: true,
};
const said = (more: Partial<Held>) => readiness(gaps({ ...ALL, ...more }));

test("a tablet that has everything is ready", () => {
  expect(said({})).toBe("Ready for offline");
});

test("a new version that waits, and no live model, keep nobody from working", () => {
  expect(said({ worker: "waiting", model: "none", hasScanner: null })).toBe("Ready for offline");
});

test.each([
  [{ worker: "impossible" }, "the pages cannot be kept at this address"],
  [{ worker: "failed" }, "the pages are not here"],
  [{ isComplete: false }, "the products are not all here"],
  [{ categories: 0 }, "there are no categories"],
  [{ model: "fetching" }, "the model is not all here"],
  [{ model: "failed" }, "the model is not here"],
  [{ hasScanner: false }, "the camera scanner is not here"],
] as const)("it is said what is missing: %o", (more, what) => {
  expect(said(more)).toBe(`Not ready for offline yet: ${what}.`);
});

test("every gap says what to do about it", () => {
  for (const { remedy } of gaps({
    ...ALL,
    isComplete: false,
    model: "failed",
    hasScanner: false,
  })) {
    expect(remedy).toMatch(/\.$/);
  }
});
