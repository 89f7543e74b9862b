// Which categories have every word that somebody typed, the likeliest first.
import { folded, words } from "../../offline/text.ts";

export interface Choice {
  id: number;
  path: string;
}

const SEPARATOR = " > ";

/** Return a path cut before its own name: ["Tools > ", "Drills"]. */
export function parts(path: string): [above: string, own: string] {
  const cut = path.lastIndexOf(SEPARATOR);
  return cut < 0 ? ["", path] : [path.slice(0, cut + SEPARATOR.length), path.slice(cut + 3)];
}

/**
 * Return the categories whose path has every word of `text`; those that have them in their own name
 * come before those that only lie below such a name.
 */
export function matching(text: string, categories: readonly Choice[]): readonly Choice[] {
  const wanted = words(text);
  if (wanted.length === 0) {
    return categories;
  }
  const own: Choice[] = [];
  const below: Choice[] = [];
  for (const one of categories) {
    if (hasAll(one.path, wanted)) {
      (hasAll(parts(one.path)[1], wanted) ? own : below).push(one);
    }
  }
  return [...own, ...below];
}

function hasAll(text: string, wanted: readonly string[]): boolean {
  const letters = folded(text);
  return wanted.every((word) => letters.includes(word));
}
