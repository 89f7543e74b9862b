// The model does not see 1,600 g but the ranges that it lies in: quarters, halves and wholes of
// octaves (docs/artifact-format.md, section 3). People see where a range begins and ends.

const UNITS: Record<string, string> = {
  width_mm: "mm",
  height_mm: "mm",
  depth_mm: "mm",
  weight_g: "g",
};
const UNITS_PER_ONE = 1024;
const NAME = /^is in bucket ([fhop])(-?)(\d+)$/;

/** Return the quarters of octaves, from and up to, that a bucket spans. */
function quarters(letter: string, number: number): [number, number] {
  switch (letter) {
    case "f":
      return [number, number + 1];
    case "h":
      return [2 * number, 2 * number + 2];
    case "o":
      return [4 * number, 4 * number + 4];
    default: // whole octaves once more, shifted by half of one
      return [4 * number - 2, 4 * number + 2];
  }
}

/** Return what `text` of an explanation says of a number field: "1,449 to 1,722 g". */
export function range(field: string, text: string): string {
  const found = NAME.exec(text);
  if (found === null) {
    return "next to nothing";
  }
  const [, letter = "", minus = "", digits = ""] = found;
  const [low, high] = quarters(letter, Number(digits)).map(
    (quarter) => 2 ** (quarter / 4) / UNITS_PER_ONE,
  ) as [number, number];
  const unit = UNITS[field];
  // Millimetres and grams are whole numbers, and the upper end belongs to the next range.
  const ends = unit ? [Math.ceil(low), Math.max(Math.ceil(high) - 1, Math.ceil(low))] : [low, high];
  const [from, to] = ends.map((end) =>
    end.toLocaleString("en", { maximumFractionDigits: unit || end >= 100 ? 0 : 2 }),
  );
  return `${minus}${from === to ? from : `${from} to ${minus}${to}`}${unit ? ` ${unit}` : ""}`;
}
