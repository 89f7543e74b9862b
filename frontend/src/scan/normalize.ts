// What a barcode says. inventory/scanning.py does the same, and both read vectors/scans.json.
//
// A scanner sends text, and each is set up in another way: with or without the symbology identifier
// (ISO/IEC 15424), with a group separator or a word for it. "GS1 n" is a section of the GS1 General
// Specifications. Nothing is ever fetched: an address is read as it is written.
import { checkDigit } from "../ui/gtin.ts";
import { IDENTIFIERS } from "./identifiers.ts";

export interface Goods {
  kind: "gtin";
  /** 14 digits: GTIN-8 to GTIN-14 are one numbering (GS1 3.3.2). */
  gtin: string;
  batch?: string;
  /** The last day (YYYY-MM-DD). */
  expires?: string;
  serial?: string;
  /** The label is on a logistic unit that contains this product (GS1 3.3.3). */
  content?: true;
  text: string;
}

/** `text` is what was scanned, without what nobody sees. */
export type Scanned =
  | Goods
  | { kind: "sscc"; sscc: string; text: string }
  | { kind: "code"; code: string; text: string }
  | { kind: "bad"; why: string; text: string };

/** It is none of ours; the message says why in a sentence. */
class Fault extends Error {}

type Elements = Map<string, string>;

const GS = "\u001d";
// What nobody sees, at both ends; a group separator in front says that GS1 data follows.
const UNSEEN =
  "\\u0000-\\u001c\\u001e-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200f\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
const START = new RegExp(`^[${UNSEEN}]+`);
const END = new RegExp(`[${UNSEEN}\\u001d]+$`);
const CONTROLS = /\p{Cc}/gu;
// How scanners write the separator when they cannot send it.
const WRITTEN_GS = /\{GS\}|\[GS\]|<GS>|\^\]|\u241d/g;
const SYMBOLOGY = /^\]([A-Za-z][0-9A-Za-z])/;
// GS1-128, DataBar and composites, DataMatrix, QR Code, DotCode (GS1 5.1).
const GS1_CARRIERS = ["C1", "e0", "e1", "e2", "d2", "Q3", "J1"];
// Unmarked, only what begins with a whole key is taken for GS1 data.
const KEY_FIRST = /^(?:0[12][0-9]{14}|00[0-9]{18})/;
const GTIN_LENGTHS = [8, 12, 13, 14];
const OPENING = /^\(([0-9]{2,4})\)/;
const ALLOWED = new RegExp(`^[${GS}!-#%-?A-Z_a-z]*$`);
const SEPARATORS_AT_END = new RegExp(`${GS}+$`);
const ADDRESS = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^/?#]+(\/[^?#]*)?(?:\?([^#]*))?(?:#|$)/;
const LINK = /\/(00|01)\/([0-9]+)((?:\/(?:10|21|22)\/[^/]+)*)\/?$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Say what a scanner's text means. `year` is the one in which it was scanned (GS1 7.12). */
export function read(raw: string, year = new Date().getFullYear()): Scanned {
  const trimmed = raw.replace(START, "").replace(END, "");
  const symbology = SYMBOLOGY.exec(trimmed)?.[1] ?? "";
  const data = symbology === "" ? trimmed : trimmed.slice(3);
  const text = data.replace(CONTROLS, "").replace(START, "").replace(END, "");
  try {
    if (text === "") {
      throw new Fault("The scanner sent nothing.");
    }
    if (text.includes("\ufffd")) {
      throw new Fault(
        "Some characters did not arrive: set the scanner to the keyboard layout of this device.",
      );
    }
    return understand(data, symbology, text, year) ?? { kind: "code", code: text, text };
  } catch (fault) {
    if (!(fault instanceof Fault)) {
      throw fault;
    }
    return { kind: "bad", why: fault.message, text };
  }
}

/** Return what it means; null: it is a code of somebody's own. */
function understand(data: string, symbology: string, text: string, year: number): Scanned | null {
  const marked = data.replace(WRITTEN_GS, GS);
  const isGs1 = GS1_CARRIERS.includes(symbology) || marked.startsWith(GS);
  const link = ADDRESS.exec(text);
  if (link) {
    const elements = linked(link[1] ?? "", link[2] ?? "");
    return elements && meaning(elements, text, year);
  }
  const isPrinted = marked.startsWith("(");
  // Other symbologies are also used for numbers of one's own, and so are parentheses.
  const isOwn = isPrinted
    ? !isGs1 && !/^\(0[012]\)[0-9]/.test(marked)
    : symbology !== "" && !isGs1 && !/^[EI]/.test(symbology);
  try {
    if (isPrinted || isGs1 || KEY_FIRST.test(marked) || hasParts(marked)) {
      return meaning(
        isPrinted ? parenthesized(allowed(marked)) : concatenated(allowed(marked)),
        text,
        year,
      );
    }
    return plain(text, symbology);
  } catch (fault) {
    if (isOwn && fault instanceof Fault) {
      return null;
    }
    throw fault;
  }
}

function hasParts(marked: string): boolean {
  return marked.includes(GS) && identifierAt(marked, 0) !== null;
}

function allowed(marked: string): string {
  if (!ALLOWED.test(marked)) {
    throw new Fault("This barcode holds a character that GS1 does not allow.");
  }
  return marked;
}

/** Read digits alone (GS1 5.2 for EAN/UPC, 5.3 for ITF-14). */
function plain(text: string, symbology: string): Scanned | null {
  if (symbology === "E1" || symbology === "E2") {
    throw new Fault("That is only the small barcode beside the main one: scan the long one.");
  }
  if (!/^[0-9]+$/.test(text)) {
    return null;
  }
  if (symbology === "E0" && (text.length === 6 || text.length === 8)) {
    return { kind: "gtin", gtin: checked(expanded(text)), text };
  }
  const digits = symbology === "E3" ? text.slice(0, 13) : text;
  if (!GTIN_LENGTHS.includes(digits.length)) {
    return null;
  }
  return { kind: "gtin", gtin: checked(digits), text };
}

/** Return the GTIN-12 of a UPC-E symbol, which leaves out zeros (GS1 5.2.2.4). */
function expanded(text: string): string {
  const system = text.length === 8 ? text.charAt(0) : "0";
  const six = text.length === 8 ? text.slice(1, 7) : text;
  if (system > "1") {
    throw new Fault("A UPC-E barcode begins with 0 or 1: scan it again.");
  }
  const last = Number(six.charAt(5));
  const kept = last < 3 ? 2 : last < 5 ? last : 5;
  const company = six.slice(0, kept) + (last < 3 ? six.charAt(5) : "");
  const item = last < 5 ? six.slice(kept, 5) : six.charAt(5);
  const digits = system + company + "0".repeat(10 - company.length - item.length) + item;
  return digits + (text.length === 8 ? text.charAt(7) : String(checkDigit(digits)));
}

/** Return the 14 digits of a GTIN whose check digit is right (GS1 7.9). */
function checked(digits: string): string {
  if (/^0+$/.test(digits)) {
    throw new Fault("A GTIN is not all zeros.");
  }
  checkLast(digits, "GTIN");
  return digits.padStart(14, "0");
}

function checkLast(digits: string, name: string): void {
  const expected = checkDigit(digits.slice(0, -1));
  if (!digits.endsWith(String(expected))) {
    throw new Fault(
      `The check digit of this ${name} should be ${expected}, not ${digits.slice(-1)}: ` +
        "scan it again, or look for a fault of the label.",
    );
  }
}

function identifierAt(text: string, place: number): string | null {
  const found = [2, 3, 4].map((length) => text.slice(place, place + length));
  return found.find((one) => IDENTIFIERS.has(one)) ?? null;
}

function unknown(marked: string, place: number): string {
  return `This barcode has a part that GS1 does not know: “${marked.slice(place, place + 6)}”.`;
}

/** Take element strings apart that follow each other (GS1 7.8). */
function concatenated(marked: string): Elements {
  const elements: Elements = new Map();
  let place = 0;
  while (place < marked.length) {
    if (marked.startsWith(GS, place)) {
      place += 1;
      continue;
    }
    const identifier = identifierAt(marked, place);
    if (identifier === null) {
      throw new Fault(unknown(marked, place));
    }
    const start = place + identifier.length;
    const separator = marked.indexOf(GS, start);
    const rest = separator < 0 ? marked.length : separator;
    const length = IDENTIFIERS.get(identifier)?.length ?? null;
    place = length === null ? rest : Math.min(start + length, rest);
    add(elements, identifier, marked.slice(start, place));
  }
  return elements;
}

/** Read what people print below a barcode: identifiers in parentheses (GS1 4.14). */
function parenthesized(marked: string): Elements {
  const elements: Elements = new Map();
  let place = 0;
  while (place < marked.length) {
    const [opening = "", identifier = ""] = OPENING.exec(marked.slice(place)) ?? [];
    const known = IDENTIFIERS.get(identifier);
    if (known === undefined) {
      throw new Fault(unknown(marked, place));
    }
    const start = place + opening.length;
    // A value may contain parentheses; of one whose length is known, the end is, too.
    place = known.length === null ? nextOpening(marked, start + 1) : start + known.length;
    add(elements, identifier, marked.slice(start, place).replace(SEPARATORS_AT_END, ""));
    while (marked.startsWith(GS, place)) {
      place += 1;
    }
  }
  return elements;
}

function nextOpening(marked: string, from: number): number {
  for (let place = marked.indexOf("(", from); place >= 0; place = marked.indexOf("(", place + 1)) {
    if (IDENTIFIERS.has(OPENING.exec(marked.slice(place))?.[1] ?? "")) {
      return place;
    }
  }
  return marked.length;
}

/** Read the path and the query of a GS1 Digital Link URI; null: it is another address. */
function linked(path: string, query: string): Elements | null {
  const [, key, digits = "", qualifiers = ""] = LINK.exec(path) ?? [];
  if (key === undefined || !(key === "00" ? [18] : GTIN_LENGTHS).includes(digits.length)) {
    return null;
  }
  const elements: Elements = new Map();
  add(elements, key, key === "01" ? digits.padStart(14, "0") : digits);
  const names = qualifiers.split("/").slice(1);
  for (let place = 0; place + 1 < names.length; place += 2) {
    add(elements, names[place] ?? "", unescaped(names[place + 1] ?? ""));
  }
  for (const pair of query.split(/[&;]/)) {
    const [name = "", value = ""] = pair.split("=");
    if (name === "17") {
      add(elements, name, unescaped(value));
    }
  }
  return elements;
}

function unescaped(value: string): string {
  return value.replace(/%([0-9A-Fa-f]{2})/g, (_, code) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function add(elements: Elements, identifier: string, value: string): void {
  if (!IDENTIFIERS.get(identifier)?.pattern.test(value)) {
    throw new Fault(`Part (${identifier}) of this barcode is not what GS1 prescribes.`);
  }
  // Once is enough, and twice has to be the same (GS1 4.13).
  if ((elements.get(identifier) ?? value) !== value) {
    throw new Fault(`This barcode says part (${identifier}) twice, and not the same.`);
  }
  elements.set(identifier, value);
}

/** Say what the element strings of one barcode are about. */
function meaning(elements: Elements, text: string, year: number): Scanned {
  const unit = elements.get("00");
  if (unit !== undefined) {
    checkLast(unit, "SSCC");
    return { kind: "sscc", sscc: unit, text };
  }
  const gtin = elements.get("01") ?? elements.get("02");
  if (gtin === undefined) {
    const parts = [...elements.keys()].map((identifier) => `(${identifier})`).join(", ");
    throw new Fault(
      `This barcode names no product, only ${parts}: scan the one beside it that has a GTIN (01).`,
    );
  }
  const goods: Goods = { kind: "gtin", gtin: checked(gtin), text };
  const expires = elements.get("17");
  const batch = elements.get("10");
  const serial = elements.get("21");
  return {
    ...goods,
    ...(batch !== undefined && { batch }),
    ...(expires !== undefined && { expires: lastDay(expires, year) }),
    ...(serial !== undefined && { serial }),
    ...(!elements.has("01") && { content: true }),
  };
}

/** Return the day of YYMMDD: in the nearest century (GS1 7.12), 00 is the last (GS1 3.4). */
function lastDay(digits: string, year: number): string {
  const ahead = Number(digits.slice(0, 2)) - (year % 100);
  const centuries = ahead >= 51 ? -1 : ahead <= -50 ? 1 : 0;
  const full = year + ahead + 100 * centuries;
  const month = Number(digits.slice(2, 4));
  const isLeap = (full % 4 === 0 && full % 100 !== 0) || full % 400 === 0;
  const days = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
  const day = Number(digits.slice(4)) || days;
  if (day > days || days === 0) {
    throw new Fault(`The expiry date ${digits} of this barcode is no date.`);
  }
  const two = (number: number) => String(number).padStart(2, "0");
  return `${full}-${two(month)}-${two(day)}`;
}

/** Return the shortest form of a GTIN, as the server shows it. */
export function shortGtin(gtin: string): string {
  const digits = gtin.replace(/^0+/, "");
  const length = [8, 12, 13].find((one) => digits.length <= one) ?? 14;
  return digits.padStart(length, "0");
}
