/**
 * Canonical text, `text/1`: the same words as `categorizer/text.py`, from the fold table that
 * the model carries. Nothing here asks the browser what a letter, a space or lower case is.
 */

export const TEXT_VERSION = "text/1";
/** Code points read of a field, and kept after folding. */
export const MAX_READ = 2_000;
export const MAX_FOLDED = 3_000;

const LAST_CODE_POINT = 0x10ffff;
const SPACE = 0x20;
const POINT = 0x2e;
const SLASH = 0x2f;

/** Text as its code points: UTF-16 units would split what Python sees as one character. */
export type CodePoints = readonly number[];

/** The bytes are not a fold table of `text/1`. */
export class BadFoldTable extends Error {
  override name = "BadFoldTable";
}

/** Returns the code points of a text, at most `limit`; a lone surrogate is a code point too. */
export function codePoints(text: string, limit = Number.POSITIVE_INFINITY): CodePoints {
  const points: number[] = [];
  for (let unit = 0; unit < text.length && points.length < limit; unit++) {
    const point = text.codePointAt(unit) as number;
    points.push(point);
    if (point > 0xffff) {
      unit++;
    }
  }
  return points;
}

/** Returns the text of code points. */
export function textOf(points: CodePoints): string {
  return points.map((point) => String.fromCodePoint(point)).join("");
}

/** Orders texts by their code points, as Python does; `<` would order them by UTF-16 units. */
export function compareTexts(one: string, other: string): number {
  const [left, right] = [codePoints(one), codePoints(other)];
  const at = left.findIndex((point, index) => point !== right[index]);
  return at < 0 ? left.length - right.length : (left[at] as number) - (right[at] ?? -1);
}

/** Maps a code point to its folded text; remembers what texts have asked for. */
export class FoldTable {
  readonly #starts: readonly number[];
  readonly #kinds: readonly string[];
  readonly #folds: ReadonlyMap<number, CodePoints>;
  readonly #known = new Map<number, CodePoints>();

  constructor(
    starts: readonly number[],
    kinds: readonly string[],
    folds: ReadonlyMap<number, CodePoints>,
  ) {
    this.#starts = starts;
    this.#kinds = kinds;
    this.#folds = folds;
  }

  folded(point: number): CodePoints {
    let text = this.#known.get(point);
    if (text === undefined) {
      text = this.#fold(point);
      this.#known.set(point, text);
    }
    return text;
  }

  /** W word, S alone, P number punctuation, X nothing, " " separator. */
  #kind(point: number): string {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) <= point) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return this.#kinds[low] as string;
  }

  #fold(point: number): CodePoints {
    const kind = this.#kind(point);
    if (kind === "X") {
      return [];
    }
    const folded = this.#folds.get(point);
    if (folded === undefined && kind === " ") {
      return [SPACE];
    }
    return (folded ?? [point]).flatMap((each) => this.#placed(each));
  }

  #placed(point: number): CodePoints {
    switch (this.#kind(point)) {
      case "W":
        return [point];
      case "S":
        return [SPACE, point, SPACE];
      case "P":
        return [point === SLASH ? SLASH : POINT]; // 0,5 is 0.5
      case "X":
        return [];
      default:
        return [SPACE];
    }
  }
}

function isCodePoint(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_CODE_POINT;
}

function rows(value: unknown): unknown[][] {
  if (!Array.isArray(value) || !value.every(Array.isArray)) {
    throw new BadFoldTable("not a fold table: a list of lists is missing");
  }
  return value;
}

function parsedClasses(value: unknown): { starts: number[]; kinds: string[] } {
  const starts: number[] = [];
  const kinds: string[] = [];
  for (const [start, kind] of rows(value)) {
    const ascends = starts.length === 0 ? start === 0 : (start as number) > (starts.at(-1) ?? 0);
    if (!isCodePoint(start) || !ascends || typeof kind !== "string") {
      throw new BadFoldTable("the classes of the fold table do not cover all code points in order");
    }
    starts.push(start);
    kinds.push(kind);
  }
  if (starts.length === 0) {
    throw new BadFoldTable("the classes of the fold table do not cover all code points in order");
  }
  return { starts, kinds };
}

function parsedFolds(multiple: unknown, runs: unknown): Map<number, CodePoints> {
  const folds = new Map<number, CodePoints>();
  for (const [point, text] of rows(multiple)) {
    if (!isCodePoint(point) || typeof text !== "string") {
      throw new BadFoldTable("not a fold table: a fold is not a code point and a text");
    }
    folds.set(point, codePoints(text));
  }
  for (const [start, count, step, delta] of rows(runs)) {
    const last = (start as number) + ((count as number) - 1) * (step as number);
    const known = [start, count, step, last].every(isCodePoint) && (step as number) > 0;
    if (!known || !isCodePoint((start as number) + (delta as number))) {
      throw new BadFoldTable("not a fold table: a run leaves the code points");
    }
    for (let point = start as number; point <= last; point += step as number) {
      const folded = point + (delta as number);
      if (!isCodePoint(folded)) {
        throw new BadFoldTable("not a fold table: a run leaves the code points");
      }
      folds.set(point, [folded]);
    }
  }
  return folds;
}

/** Returns the table in the JSON text of a model. Throws BadFoldTable. */
export function parseFoldTable(json: string): FoldTable {
  let table: Record<string, unknown>;
  try {
    table = Object(JSON.parse(json));
  } catch {
    throw new BadFoldTable("not a fold table: not JSON");
  }
  if (table.spec !== TEXT_VERSION) {
    throw new BadFoldTable(`the fold table is ${String(table.spec)}, not ${TEXT_VERSION}`);
  }
  const { starts, kinds } = parsedClasses(table.classes);
  return new FoldTable(starts, kinds, parsedFolds(table.multi, table.runs));
}

function isDigit(point: number | undefined): boolean {
  return point !== undefined && point >= 0x30 && point <= 0x39;
}

/** Returns the words of one field, each as its code points. Any string is legal. */
export function words(text: string, table: FoldTable): CodePoints[] {
  const folded: number[] = [];
  for (const point of codePoints(text, MAX_READ)) {
    for (const each of table.folded(point)) {
      folded.push(each);
    }
  }
  folded.length = Math.min(folded.length, MAX_FOLDED);
  const found: CodePoints[] = [];
  let word: number[] = [];
  for (let index = 0; index <= folded.length; index++) {
    const point = folded[index] ?? SPACE;
    const isNumeric = point !== POINT && point !== SLASH;
    if (
      point !== SPACE &&
      (isNumeric || (isDigit(folded[index - 1]) && isDigit(folded[index + 1])))
    ) {
      word.push(point);
    } else if (word.length > 0) {
      found.push(word);
      word = [];
    }
  }
  return found;
}

/** Returns the canonical text of one field: its words with one space between them. */
export function fold(text: string, table: FoldTable): string {
  return words(text, table).map(textOf).join(" ");
}
