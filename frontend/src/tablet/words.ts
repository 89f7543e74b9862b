// What the screens say. Pure, so that a test can read it.
import type { Product, Suggested } from "../api/types.ts";

const MINUTE = 60_000;

function clock(moment: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

function day(moment: Date): number {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

/** Say when something was: "14:02", "yesterday at 14:02", "18 November at 14:02". */
export function when(moment: Date, now: Date): string {
  const days = Math.round((day(now) - day(moment)) / (24 * 60 * MINUTE));
  if (days === 0) {
    return clock(moment);
  }
  if (days === 1) {
    return `yesterday at ${clock(moment)}`;
  }
  const month = moment.toLocaleString("en", { month: "long" });
  const year = moment.getFullYear() === now.getFullYear() ? "" : ` ${moment.getFullYear()}`;
  return `${moment.getDate()} ${month}${year} at ${clock(moment)}`;
}

/** Say how long ago something was. A clock that runs ahead makes nothing happen in the future. */
export function age(moment: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - moment.getTime()) / MINUTE);
  if (minutes < 1) {
    return "less than a minute ago";
  }
  if (minutes < 60) {
    return minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return hours === 1 ? "1 hour ago" : `${hours} hours ago`;
  }
  return `${Math.floor(hours / 24)} days ago`;
}

/** Say a confidence in per cent, and never 100 when it is less. */
export function percent(ppm: number): string {
  if (ppm > 0 && ppm < 1000) {
    return "under 0.1 %";
  }
  return `${(Math.floor(ppm / 1000) / 10).toFixed(1)} %`;
}

export function sourceInWords(source: Product["category_source"]): string {
  switch (source) {
    case "person":
      return "A person put it there.";
    case "model":
      return "A model put it there.";
    case "import":
      return "It came with an import.";
    default:
      return "Nobody has said yet where it belongs.";
  }
}

export function reviewInWords(answer: Suggested): string {
  if (answer.category === null) {
    return "There is no suggestion. A person has to say where it belongs.";
  }
  if (answer.needs_review) {
    return "Not certain enough: a person should look at this.";
  }
  return "Certain enough to stand without a review.";
}

export function pathInWords(path: Suggested["decision_path"]): string {
  return {
    live: "the live model",
    canary: "a model on trial",
    fallback: "the fallback model",
    rules: "simple rules, because no model could answer",
    none: "nobody: no model and no rule could answer",
  }[path];
}
