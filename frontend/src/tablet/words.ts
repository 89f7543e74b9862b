// What the screens say beyond what they share with the desk (ui/words.ts).
import type { Product } from "../api/types.ts";

const DAY_MS = 86_400_000;

function clock(moment: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

function day(moment: Date): number {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

/** Say when something was: "14:02", "yesterday at 14:02", "18 November at 14:02". */
export function when(moment: Date, now: Date): string {
  const days = Math.round((day(now) - day(moment)) / DAY_MS);
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
