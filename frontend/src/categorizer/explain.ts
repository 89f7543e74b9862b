/** Why a model said what it said: the features that spoke for and against a label. */

import { COUNT_WEIGHTS, MAX_COUNT, unit } from "./arithmetic.ts";
import { blocks, type Product } from "./features.ts";
import type { Categorizer } from "./model.ts";
import { compareTexts } from "./text.ts";

const KINDS = {
  w: "word",
  b: "pair of words",
  z: "digit shape",
  c: "characters",
  n: "number",
} as const;

/** What one feature adds to a label's score, in 1/2**39. */
export interface Contribution {
  readonly field: string;
  readonly kind: (typeof KINDS)[keyof typeof KINDS];
  readonly text: string;
  readonly amount: number;
}

/** A label's score taken apart: exactly `bias` and the amounts of all contributions. */
export interface Explanation {
  readonly label: string;
  readonly score: number;
  readonly bias: number;
  /** Ordered by size; those of size zero are left out. */
  readonly contributions: readonly Contribution[];
}

/** Explains a label's score; without `label`, the best one's. Throws BadProduct, RangeError. */
export function explain(model: Categorizer, product: Product, label?: string): Explanation {
  const { data } = model;
  const best = label ?? (model.suggest(product, 1).suggestions[0]?.label as string);
  const k = data.labels.indexOf(best);
  if (k < 0) {
    throw new RangeError(`the model has no label ${JSON.stringify(best)}`);
  }
  const contributions = blocks(product, data.spec, data.fold).flatMap((names, block) =>
    blockContributions(model, names, k, data.blockTargets[block] as number),
  );
  contributions.sort(
    (one, other) =>
      Math.abs(other.amount) - Math.abs(one.amount) ||
      compareTexts(one.field, other.field) ||
      compareTexts(one.kind, other.kind) ||
      compareTexts(one.text, other.text),
  );
  const bias = data.bias[k] as number;
  const score = contributions.reduce((sum, { amount }) => sum + amount, bias);
  return { label: best, score, bias, contributions };
}

function blockContributions(
  model: Categorizer,
  names: readonly string[],
  k: number,
  target: number,
): Contribution[] {
  // Two features of one block may share a key; the model counts them together, and so does this.
  const seen = new Map<number, { name: string; count: number }>();
  for (const name of names) {
    const id = model.feature(name);
    if (id !== -1) {
      const first = seen.get(id)?.name ?? name;
      seen.set(id, { name: first, count: (seen.get(id)?.count ?? 0) + 1 });
    }
  }
  const weights = Array.from(seen, ([id, { count }]) => {
    const weight = COUNT_WEIGHTS[Math.min(count, MAX_COUNT)] as number;
    return (weight * (model.data.idf[id] as number)) >> 10;
  });
  const scale = model.data.scale[k] as number;
  const components = unit(weights, target);
  return Array.from(seen, ([id, { name }], index) => {
    const amount = (components[index] as number) * weightOf(model, id, k) * scale;
    return named(model, name, amount);
  }).filter(({ amount }) => amount !== 0);
}

/** Returns the weight that a feature has for a label, 0 if it has none. */
function weightOf(model: Categorizer, id: number, k: number): number {
  const { classes, weights } = model.data;
  const [start, end] = [model.starts[id] as number, model.starts[id + 1] as number];
  const entry = classes.subarray(start, end).indexOf(k);
  return entry < 0 ? 0 : (weights[start + entry] as number);
}

function named(model: Categorizer, name: string, amount: number): Contribution {
  const space = name.indexOf(" ");
  const letter = name.charAt(0) as keyof typeof KINDS;
  const { numberFields, textFields } = model.data.spec;
  const fields = letter === "n" ? numberFields : textFields;
  const field = fields[Number(name.slice(1, space))] as string;
  const rest = name.slice(space + 1);
  const bucket = rest === "-" ? "is missing" : `is in bucket ${rest}`;
  const text = letter === "n" ? bucket : rest;
  return { field, kind: KINDS[letter], text, amount };
}
