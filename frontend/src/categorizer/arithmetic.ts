/**
 * Integer arithmetic in doubles, exact while every operand stays below 2**53.
 *
 * Sums and products are exact by themselves; quotients and roots are rounded, and the rounded
 * value could be the next integer.
 */

/** A vector component of 1.0. */
export const ONE = 2 ** 15;
/** An occurrence count above this weighs no more. */
export const MAX_COUNT = 63;

/** The weight of an occurrence count, round(1024 * (1 + ln count)); count 0 weighs 0. */
export const COUNT_WEIGHTS = Int32Array.of(
  ...[0, 1024, 1734, 2149, 2444, 2672, 2859, 3017, 3153, 3274, 3382, 3479, 3569, 3651, 3726, 3797],
  ...[3863, 3925, 3984, 4039, 4092, 4142, 4189, 4235, 4278, 4320, 4360, 4399, 4436, 4472, 4507],
  ...[4540, 4573, 4604, 4635, 4665, 4694, 4722, 4749, 4775, 4801, 4827, 4851, 4875, 4899, 4922],
  ...[4945, 4967, 4988, 5009, 5030, 5050, 5070, 5090, 5109, 5128, 5146, 5164, 5182, 5199, 5217],
  ...[5234, 5250, 5267],
);

/**
 * Returns floor(a / b) for integers with |a| < 2**53 and b > 0.
 *
 * A quotient that is no integer q is at least 1/b away from it, and half the distance between
 * doubles near q is at most q / 2**53, which is less than 1/b because q * b < 2**53: rounding
 * never reaches q.
 */
export function floorDivide(a: number, b: number): number {
  return Math.floor(a / b);
}

/** Returns the largest integer whose square is at most n, for integers 0 <= n < 2**53. */
export function squareRoot(n: number): number {
  const root = Math.floor(Math.sqrt(n));
  return root * root > n ? root - 1 : root;
}

/** Scales positive integer weights to a vector of length `target`, each rounded half up. */
export function unit(weights: readonly number[], target: number): number[] {
  const norm = squareRoot(weights.reduce((sum, weight) => sum + weight * weight, 0));
  return weights.map((weight) => floorDivide(weight * 2 * target + norm, 2 * norm));
}
