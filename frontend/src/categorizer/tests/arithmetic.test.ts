import fc from "fast-check";
import { expect, test } from "vitest";
import { floorDivide, squareRoot } from "../arithmetic.ts";

const LARGEST = 2 ** 53 - 1;

function bigFloor(a: number, b: number): number {
  const rest = BigInt(a) % BigInt(b);
  return Number(BigInt(a) / BigInt(b) - (rest < 0n ? 1n : 0n));
}

const numerators = fc.oneof(
  fc.integer({ min: -LARGEST, max: LARGEST }),
  fc.integer({ min: -1000, max: 1000 }),
);
const denominators = fc.oneof(
  fc.integer({ min: 1, max: LARGEST }),
  fc.integer({ min: 1, max: 1000 }),
);

test("a quotient is rounded down exactly, whatever the sign", () => {
  fc.assert(
    fc.property(numerators, denominators, (a, b) => {
      expect(floorDivide(a, b)).toBe(bigFloor(a, b) + 0);
    }),
    { numRuns: 20_000 },
  );
});

test("a quotient just below an integer does not become that integer", () => {
  fc.assert(
    fc.property(denominators, fc.integer({ min: 1, max: LARGEST }), (b, seed) => {
      const quotient = (seed % Math.floor(LARGEST / b)) + 1;
      for (const a of [quotient * b - 1, quotient * b, -quotient * b, -quotient * b + 1]) {
        expect(floorDivide(a, b)).toBe(bigFloor(a, b) + 0);
      }
    }),
    { numRuns: 20_000 },
  );
});

test("a root is the largest integer whose square fits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LARGEST }), (n) => {
      const root = BigInt(squareRoot(n));
      expect(root * root <= BigInt(n) && (root + 1n) * (root + 1n) > BigInt(n)).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});

test("a root just below a square does not become its root", () => {
  for (let root = 94_906_265; root > 94_806_265; root -= 7) {
    expect(squareRoot(root * root - 1)).toBe(root - 1);
    expect(squareRoot(root * root)).toBe(root);
  }
});
