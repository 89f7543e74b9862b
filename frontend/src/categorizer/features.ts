/**
 * From a product to the features the model counts, the same as `categorizer/features.py`.
 *
 * A feature is named by the CRC-32 of its UTF-8 text, for example `w0 drill` (word of the first
 * text field), `b0 cordless drill` (pair), `z0 00v` (digit shape), `c1 dri` (character n-gram of
 * the second text field), `n2 f41` (bucket of the third number).
 */

import { addText, CRC_START, finish } from "./crc32.ts";
import { type CodePoints, type FoldTable, textOf, words } from "./text.ts";

const MAX_TEXT_FIELDS = 6;
const MAX_NUMBER_FIELDS = 12;
const MAX_CHARS = 8;
const UNITS_PER_ONE = 1024;
const MAX_UNITS = 2 ** 53 - 1;
const NUMBER = /^[ \t]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*$/;
const BLANK = /^[ \t]*$/;

/** Field names and their values, as they come out of JSON. */
export type Product = Readonly<Record<string, unknown>>;

/** A product cannot be read. `field` names where; the message may be shown. */
export class BadProduct extends Error {
  override name = "BadProduct";
  readonly field: string;

  constructor(field: string, reason: string) {
    super(`${field}: ${reason}`);
    this.field = field;
  }
}

/**
 * Which fields become which features; part of the model file.
 *
 * `charsFrom` and `charsTo` are the shortest and longest character n-gram; both 0 means none.
 */
export interface FeatureSpec {
  readonly textFields: readonly string[];
  readonly numberFields: readonly string[];
  readonly charsFrom: number;
  readonly charsTo: number;
}

/** Returns what is wrong with a specification, or nothing. */
export function faultOf(spec: FeatureSpec): string | undefined {
  const fields = [...spec.textFields, ...spec.numberFields];
  if (spec.textFields.length < 1 || spec.textFields.length > MAX_TEXT_FIELDS) {
    return `between 1 and ${MAX_TEXT_FIELDS} text fields, not ${spec.textFields.length}`;
  }
  if (spec.numberFields.length > MAX_NUMBER_FIELDS) {
    return `at most ${MAX_NUMBER_FIELDS} number fields, not ${spec.numberFields.length}`;
  }
  if (new Set(fields).size !== fields.length) {
    return "a field is named twice";
  }
  const { charsFrom: from, charsTo: to } = spec;
  if ((from !== 0 || to !== 0) && !(from >= 1 && from <= to && to <= MAX_CHARS)) {
    return "the lengths of character n-grams are out of range";
  }
  return undefined;
}

/** How many blocks a product has: words and characters of each text field, then the numbers. */
export function blockCount(spec: FeatureSpec): number {
  return 2 * spec.textFields.length + 1;
}

/** Returns the 32-bit name of a feature. */
export function keyOf(feature: string): number {
  return finish(addText(CRC_START, feature));
}

function valueIn(product: Product, field: string): unknown {
  // A field may be called "constructor": only what the product itself says counts.
  return Object.hasOwn(product, field) ? product[field] : undefined;
}

/** Returns a text field; missing is empty. Throws BadProduct. */
export function readText(product: Product, field: string): string {
  const value = valueIn(product, field) ?? "";
  if (typeof value !== "string") {
    throw new BadProduct(field, "must be text");
  }
  return value;
}

/** Returns a number field; missing (absent, null, blank text) is undefined. Throws BadProduct. */
export function readNumber(product: Product, field: string): number | undefined {
  const value = valueIn(product, field) ?? "";
  if (typeof value === "string" && BLANK.test(value)) {
    return undefined;
  }
  if (typeof value === "string" ? !NUMBER.test(value) : typeof value !== "number") {
    throw new BadProduct(field, "must be a number");
  }
  const number = Number(value);
  if (!Number.isFinite(number)) {
    throw new BadProduct(field, Number.isNaN(number) ? "must be a finite number" : "is too large");
  }
  return number;
}

/** Returns the bucket features of one number: quarter, half and whole octaves. */
export function numberFeatures(index: number, number: number | undefined): string[] {
  if (number === undefined) {
    return [`n${index} -`];
  }
  const sign = number < 0 ? "-" : "";
  const units = Math.floor(Math.min(Math.abs(number) * UNITS_PER_ONE, MAX_UNITS));
  if (units === 0) {
    return [`n${index} 0`];
  }
  const quarter = (BigInt(units) ** 4n).toString(2).length - 1;
  return [
    `n${index} f${sign}${quarter}`,
    `n${index} h${sign}${quarter >> 1}`,
    `n${index} o${sign}${quarter >> 2}`,
    `n${index} p${sign}${(quarter + 2) >> 2}`,
  ];
}

/** Returns the features of the number block. Throws BadProduct. */
export function readNumbers(product: Product, spec: FeatureSpec): string[] {
  return spec.numberFields.flatMap((field, index) =>
    numberFeatures(index, readNumber(product, field)),
  );
}

function wordBlock(field: number, text: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of text) {
    found.push(`w${field} ${word}`);
    if (/[0-9]/.test(word)) {
      found.push(`z${field} ${word.replace(/[0-9]/g, "0")}`);
    }
  }
  for (let index = 1; index < text.length; index++) {
    found.push(`b${field} ${text[index - 1]} ${text[index]}`);
  }
  return found;
}

function charBlock(field: number, text: readonly CodePoints[], spec: FeatureSpec): string[] {
  const found: string[] = [];
  for (const word of spec.charsTo > 0 ? text : []) {
    const marked = [0x3c, ...word, 0x3e];
    for (let length = spec.charsFrom; length <= spec.charsTo; length++) {
      for (let start = 0; start + length <= marked.length; start++) {
        found.push(`c${field} ${textOf(marked.slice(start, start + length))}`);
      }
    }
  }
  return found;
}

/**
 * Returns the features of a product, block by block, repeated as often as they occur.
 *
 * This is the plain statement of what a model reads; `model.ts` computes the keys of the same
 * features without making the strings. Throws BadProduct.
 */
export function blocks(product: Product, spec: FeatureSpec, table: FoldTable): string[][] {
  const found = spec.textFields.flatMap((name, field) => {
    const text = words(readText(product, name), table);
    return [wordBlock(field, text.map(textOf)), charBlock(field, text, spec)];
  });
  return [...found, readNumbers(product, spec)];
}
