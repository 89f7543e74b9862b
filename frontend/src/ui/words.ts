// How figures, moments and decisions are put into words. No component: the tests read them as text.
import type { Suggested } from "../api/types.ts";
import { range } from "./ranges.ts";

const SPACE = "\u00a0";

/** Return a share in ppm as "97.3 %". Cut off, not rounded: nothing may look surer than it is. */
export function percent(ppm: number): string {
  if (ppm > 0 && ppm < 1000) {
    return `<${SPACE}0.1${SPACE}%`;
  }
  const tenths = Math.floor(ppm / 1000);
  return `${Math.floor(tenths / 10)}.${tenths % 10}${SPACE}%`;
}

const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** Return a moment as the clock on the wall shows it. */
export function moment(at: string | Date): string {
  return DAY.format(new Date(at));
}

const STEPS: readonly (readonly [number, Intl.RelativeTimeFormatUnit])[] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];
const AGE = new Intl.RelativeTimeFormat("en", { numeric: "always" });

/** Return how long ago something was: "3 minutes ago", or "a moment ago" below a minute. */
export function age(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  for (const [length, unit] of STEPS) {
    if (seconds >= length) {
      return AGE.format(-Math.floor(seconds / length), unit);
    }
  }
  return "a moment ago";
}

/** Return the start of a digest or an identifier: enough to tell two apart. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}

/** Return the end of an identifier that starts with its moment, where two of one day differ. */
export function shortId(id: string): string {
  return id.slice(-12);
}

export interface PassedOver {
  path: string;
  why: string;
}

const ANSWERERS: Record<Suggested["decision_path"], string> = {
  live: "by the live model",
  canary: "by the model on trial",
  fallback: "by the fallback model",
  rules: "by the rules",
  none: "by nobody",
};

const NAMES: Record<string, string> = {
  live: "the live model",
  fallback: "the fallback model",
  rules: "the rules",
};

/** Return who answered, and why those before did not, as far as the receipt has been read. */
export function answeredBy(
  path: Suggested["decision_path"],
  passedOver: readonly PassedOver[],
): string {
  const reasons = passedOver.map(({ path: who, why }) =>
    why === "unusable"
      ? `${NAMES[who] ?? who} could not be used`
      : `${NAMES[who] ?? who} knew none of its words`,
  );
  return reasons.length === 0
    ? ANSWERERS[path]
    : `${ANSWERERS[path]}, because ${reasons.join(" and ")}`;
}

/** Return why a person is needed though the model may be sure: a tablet had answered otherwise. */
export function differing(said: { category: string; confidence_ppm: number }): string {
  const { category, confidence_ppm } = said;
  return `A tablet had answered ${category}, ${percent(confidence_ppm)}. The server’s answer differs, so a person decides.`;
}

/** Return why a person is needed though the model may have been sure: it was recalled. */
export function doubt(reason: string): string {
  return `The model that said this was recalled: ${reason}`;
}

/** Return whether a person is needed, and why, as a sentence. */
export function need(
  answer: Pick<Suggested, "needs_review" | "confidence_ppm" | "threshold_ppm" | "category">,
): string {
  const { needs_review, confidence_ppm, threshold_ppm, category } = answer;
  if (category === null || confidence_ppm === null) {
    return "No suggestion. A person has to say where it belongs.";
  }
  if (threshold_ppm === null) {
    return needs_review
      ? "A person should look at this: no confidence is known to be enough here."
      : "Sure enough to go without a person.";
  }
  if (threshold_ppm >= 1_000_000 && needs_review) {
    return "A person should look at this: for this category no confidence is enough.";
  }
  return needs_review
    ? `A person should look at this: ${percent(confidence_ppm)} is less than the ${percent(threshold_ppm)} that this category needs.`
    : `Sure enough to go without a person: this category needs ${percent(threshold_ppm)}.`;
}

export interface Spoken {
  field: string;
  kind: string;
  text: string;
  amount: number;
}

const FIELDS: Record<string, string> = {
  name: "name",
  description: "description",
  brand: "brand",
  width_mm: "width",
  height_mm: "height",
  depth_mm: "depth",
  weight_g: "weight",
  price: "price",
};

/** Return what a part of an explanation is: “drill” in the name. */
export function spoken({ field, kind, text }: Spoken): string {
  const place = FIELDS[field] ?? field;
  if (kind === "number") {
    return text === "is missing" ? `no ${place}` : `the ${place} (${range(field, text)})`;
  }
  return `${quoted(kind, text)} in the ${place}`;
}

/** Return the words themselves, for where there is little room. Letters keep their place. */
export function quoted(kind: string, text: string): string {
  if (kind !== "characters") {
    return kind === "digit shape" ? `a number like “${text}”` : `“${text}”`;
  }
  const start = text.startsWith("<") ? "" : "…";
  const end = text.endsWith(">") ? "" : "…";
  return `“${start}${text.replace(/^</, "").replace(/>$/, "")}${end}”`;
}

/**
 * Return what spoke most for a label in at most `most` words: whole words first, and no letters
 * that belong to one of them.
 */
export function loudest(contributions: readonly Spoken[], most: number): string[] {
  const spokeFor = contributions.filter(({ amount }) => amount > 0);
  const isWord = ({ kind }: Spoken) => kind === "word" || kind === "pair of words";
  const ordered = [...spokeFor.filter(isWord), ...spokeFor.filter((one) => !isWord(one))];
  const said = new Set<string>();
  const words: string[] = [];
  for (const one of ordered) {
    const letters = one.text.replace(/[<>]/g, "");
    if (one.kind === "characters" && words.some((word) => word.includes(letters))) {
      continue;
    }
    if (one.kind !== "number") {
      words.push(letters);
    }
    said.add(one.kind === "number" ? spoken(one) : quoted(one.kind, one.text));
  }
  return [...said].slice(0, most);
}
