// The suggestions that a person chooses from in a review room, and the keys that stand for them.
import type { Waiting } from "../api/types.ts";

export interface Option {
  category: string;
  confidence_ppm: number;
}

const MOST_OPTIONS = 3;

/** Return the suggestions that a person chooses from: the best three at most. */
export function options({ prediction }: Waiting): Option[] {
  const { category, confidence_ppm, alternatives } = prediction;
  return category === null || confidence_ppm === null
    ? []
    : [{ category, confidence_ppm }, ...alternatives].slice(0, MOST_OPTIONS);
}

/** Return which option a key stands for, or null. Not while something is held down with it. */
export function optionOfKey(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "repeat">,
  count: number,
): number | null {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) {
    return null;
  }
  const place = ["1", "2", "3"].indexOf(event.key);
  return place >= 0 && place < count ? place : null;
}
