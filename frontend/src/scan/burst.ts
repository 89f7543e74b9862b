// Tells a scanner that types from a person who types: by how fast the keys follow each other.
//
// Pure: the moments come with the keys. wedge.ts connects it with the page.

const LONGEST_GAP_MS = 100;
const LONGEST_MS = 1_500;
const FEWEST_CHARACTERS = 6;
// Nobody types faster on the average than 55 ms a key; scanners send a key every 1 to 50 ms. Slower
// ones are believed only where people do not type, and if they end with a suffix.
const SURE_MS = 50;
// Long GS1 codes take longer than 1,500 ms, and no person keeps this up.
const STEADY_MS = 30;

export interface Stroke {
  key: string;
  code: string;
  /** Milliseconds of any clock. */
  at: number;
  ctrl: boolean;
  alt: boolean;
  meta: boolean;
  shift: boolean;
  isRepeat: boolean;
}

export interface Verdict {
  /** The key belongs to a scan: the page must not act on it. */
  swallow: boolean;
  /** What was scanned, if this was the end of it. */
  scan: string | null;
}

const GS = "\u001d";
// A key that has no character on this layout: something of the code is lost.
const LOST = "\ufffd";
const MODIFIERS = ["Shift", "Control", "AltGraph", "Meta", "CapsLock", "NumLock", "Fn"];
const PLAIN: Record<string, string> = { Minus: "-", Period: ".", Slash: "/", Space: " " };

/** Return what a key means to a scan: a character, "" for nothing yet, null for none of it. */
function meaning({ key, code, ctrl, meta, shift }: Stroke): string | null {
  // Separators that scanners send, because no key has that character.
  if (key === GS || key === "F8" || (ctrl && (key === "]" || code === "BracketRight"))) {
    return GS;
  }
  if (ctrl || meta) {
    // AltGr is Ctrl and Alt on Windows, and makes a character.
    return ctrl && !meta && [...key].length === 1 && !/[a-z]/i.test(key) ? key : null;
  }
  if (key === "Dead") {
    return LOST;
  }
  if (key === "Unidentified" || key === "Process") {
    const letter = /^(?:Digit|Numpad|Key)([0-9A-Z])$/.exec(code)?.[1] ?? PLAIN[code] ?? "";
    return shift ? letter : letter.toLowerCase();
  }
  // Whatever Alt says: some Zebra firmware holds it down with every key.
  return [...key].length === 1 ? key : null;
}

function isSuffix({ key, code, ctrl }: Stroke): boolean {
  return key === "Enter" || key === "Tab" || (ctrl && (code === "KeyM" || code === "KeyJ"));
}

export class Burst {
  #text = "";
  #first = 0;
  #last = Number.NEGATIVE_INFINITY;
  #scanned = Number.NEGATIVE_INFINITY;
  /** The digits of an Alt code so far; null while Alt is up. */
  #alt: string | null = null;

  get isEmpty(): boolean {
    return this.#text === "";
  }

  forget(): void {
    this.#text = "";
  }

  /** Take a key that went down. `isField`: where it goes, people type. */
  down(stroke: Stroke, isField: boolean): Verdict {
    const before = this.#ended(stroke.at, isField);
    return { ...this.#take(stroke, isField), ...(before !== null && { scan: before }) };
  }

  /** Take a key that went up: Alt codes end so. */
  up({ key, at }: Pick<Stroke, "key" | "at">): void {
    if (key === "Alt") {
      const digits = this.#alt ?? "";
      this.#alt = null;
      if (digits !== "") {
        const point = Number(digits);
        this.character(point > 0 && point < 128 ? String.fromCharCode(point) : LOST, at);
      }
    }
  }

  character(character: string, at: number): void {
    if (this.#text === "") {
      this.#first = at;
    }
    this.#text += character;
    this.#last = at;
  }

  /** Say what was scanned if nothing follows any more, as without a suffix. */
  ended(at: number, isField: boolean): string | null {
    return this.#ended(at, isField);
  }

  #ended(at: number, isField: boolean): string | null {
    if (at - this.#last <= LONGEST_GAP_MS) {
      return null;
    }
    const scan = this.#isScan(isField, false) ? this.#text : null;
    this.forget();
    return scan;
  }

  #take(stroke: Stroke, isField: boolean): Verdict {
    const { key, code, at, alt, isRepeat } = stroke;
    const isInside = this.#text !== "";
    if (isRepeat) {
      this.forget();
      return { swallow: false, scan: null };
    }
    if (isSuffix(stroke)) {
      return this.#suffix(at, isField);
    }
    if (key === "Alt") {
      this.#alt = "";
      this.#touch(at);
      return { swallow: isInside && !isField, scan: null };
    }
    if (this.#alt !== null && alt && /^Numpad[0-9]$/.test(code)) {
      this.#alt += code.slice(-1);
      this.#touch(at);
      return { swallow: isInside && !isField, scan: null };
    }
    const character = MODIFIERS.includes(key) ? "" : meaning(stroke);
    if (character === null) {
      this.forget();
    } else if (character === "") {
      this.#touch(at);
    } else {
      this.character(character, at);
    }
    // The first key may be a person's; those that follow as fast as a scanner's are not the page's.
    const swallow = isInside && Boolean(character) && (!isField || character === GS);
    return { swallow, scan: null };
  }

  #touch(at: number): void {
    if (this.#text !== "") {
      this.#last = at;
    }
  }

  #suffix(at: number, isField: boolean): Verdict {
    if (this.#isScan(isField, true)) {
      const scan = this.#text;
      this.forget();
      this.#scanned = at;
      return { swallow: true, scan };
    }
    // Too short for a code, too fast for a person who means the button; or a second suffix.
    const isFast = !isField && this.#text.length > 1;
    const isSecond = this.#text === "" && at - this.#scanned <= LONGEST_GAP_MS;
    this.forget();
    return { swallow: isFast || isSecond, scan: null };
  }

  #isScan(isField: boolean, hasSuffix: boolean): boolean {
    const characters = [...this.#text].length;
    if (characters < FEWEST_CHARACTERS) {
      return false;
    }
    const total = this.#last - this.#first;
    const mean = total / (characters - 1);
    const isFast = mean <= SURE_MS || (hasSuffix && !isField);
    return isFast && (total <= LONGEST_MS || mean <= STEADY_MS);
  }
}
