/**
 * Integer arithmetic in doubles, exact while every operand stays below 2**53.
 *
 * Sums and products are exact by themselves; quotients and roots are rounded, and the rounded
 * value could be the next integer.
 */

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
