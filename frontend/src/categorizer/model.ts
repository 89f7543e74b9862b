/**
 * What a model says about a product: load the bytes, score in integers, suggest labels.
 *
 * The same integers as `categorizer/model.py` from the same bytes.
 */

import { COUNT_WEIGHTS, floorDivide, MAX_COUNT, unit } from "./arithmetic.ts";
import { type Digest, decode, hexDigest, type ModelData } from "./artifact.ts";
import { addCodePoint, addText, CRC_START, finish } from "./crc32.ts";
import { keyOf, type Product, readNumbers, readText } from "./features.ts";
import { UnusableModel } from "./safetensors.ts";
import { type CodePoints, words } from "./text.ts";

const MILLION = 1_000_000;
// Differences of scores are first cut to 1/2**16, then multiplied by the temperature (1/256) and
// cut to 1/256.
const DIFFERENCE_STEP = 2 ** 23;
const EXPONENT_STEP = 2 ** 16;
const LAST_EXPONENT = 4096;
const SPACE = 0x20;
const LESS = 0x3c;
const GREATER = 0x3e;
const ZERO = 0x30;
const NINE = 0x39;

/** A label with its confidence (parts per million) and score (1/2**39), named as on the wire. */
export interface Suggestion {
  readonly confidence_ppm: number;
  readonly label: string;
  readonly score: number;
}

/**
 * What a model says about one product, best label first.
 *
 * `matched` counts the known features of the product's text, block by block. At 0 the model has
 * read nothing it knows: all it can go by is how often each label occurs, and numbers at best.
 */
export interface Answer {
  readonly matched: number;
  readonly suggestions: readonly Suggestion[];
}

/** A hash table from feature keys to feature ids, for keys that a Map would have to box. */
class Index {
  readonly #keys: Uint32Array;
  readonly #slots: Int32Array;

  constructor(keys: Uint32Array) {
    let size = 1;
    while (size < 2 * keys.length) {
      size *= 2;
    }
    this.#keys = keys;
    this.#slots = new Int32Array(size).fill(-1);
    keys.forEach((key, id) => {
      let slot = key & (size - 1);
      while (this.#slots[slot] !== -1) {
        slot = (slot + 1) & (size - 1);
      }
      this.#slots[slot] = id;
    });
  }

  /** Returns the id of a feature, or -1. */
  find(key: number): number {
    const last = this.#slots.length - 1;
    let slot = key & last;
    let id = this.#slots[slot] as number;
    while (id !== -1 && this.#keys[id] !== key) {
      slot = (slot + 1) & last;
      id = this.#slots[slot] as number;
    }
    return id;
  }
}

function hasDigit(word: CodePoints): boolean {
  return word.some((point) => point >= ZERO && point <= NINE);
}

function addAll(state: number, points: CodePoints): number {
  return points.reduce(addCodePoint, state);
}

/** A loaded model. */
export class Categorizer {
  readonly sha256: string;
  readonly data: ModelData;
  /** The weights of feature f are entries `starts[f]` up to `starts[f + 1]`. */
  readonly starts: Uint32Array;
  readonly #index: Index;
  // How often each feature occurs in the block being counted, and which do; empty between blocks.
  readonly #occurrences: Uint8Array;
  readonly #found: number[] = [];

  constructor(data: ModelData, sha256: string) {
    this.sha256 = sha256;
    this.data = data;
    this.#index = new Index(data.keys);
    this.starts = new Uint32Array(data.counts.length + 1);
    data.counts.forEach((count, id) => {
      this.starts[id + 1] = (this.starts[id] as number) + count;
    });
    this.#occurrences = new Uint8Array(data.keys.length);
  }

  /**
   * Returns the `top` best labels for a product. Throws BadProduct.
   *
   * The names of the answer are in the order of canonical JSON.
   */
  suggest(product: Product, top = 5): Answer {
    const { labels, temperature, noise, exp } = this.data;
    const { scores, matched } = this.scores(product);
    const best = scores.reduce((most, score) => Math.max(most, score));
    const weights = scores.map((score) => {
      const behind = floorDivide(best - score, DIFFERENCE_STEP);
      const exponent = floorDivide(behind * temperature, EXPONENT_STEP);
      return exp[Math.min(exponent, LAST_EXPONENT)] as number;
    });
    const total = weights.reduce((sum, weight) => sum + weight);
    const forAny = floorDivide(noise, labels.length);
    // The sort is stable: among equal scores the label that comes first in the model wins.
    const order = Array.from(labels.keys()).sort(
      (one, other) => (scores[other] as number) - (scores[one] as number),
    );
    const suggestions = order.slice(0, top).map((k) => ({
      confidence_ppm: floorDivide((weights[k] as number) * (MILLION - noise), total) + forAny,
      label: labels[k] as string,
      score: scores[k] as number,
    }));
    return { matched, suggestions };
  }

  /** Returns the score of every label and how many known features its text has. */
  scores(product: Product): { scores: Float64Array; matched: number } {
    const { spec, blockTargets, scale, bias, fold } = this.data;
    // Everything is read before anything is counted, so that a bad product leaves nothing behind.
    const texts = spec.textFields.map((name) => words(readText(product, name), fold));
    const numbers = readNumbers(product, spec);
    const sums = new Float64Array(scale.length);
    let matched = 0;
    texts.forEach((text, field) => {
      this.#countWords(field, text);
      matched += this.#addBlock(blockTargets[2 * field] as number, sums);
      this.#countChars(field, text);
      matched += this.#addBlock(blockTargets[2 * field + 1] as number, sums);
    });
    for (const feature of numbers) {
      this.#count(keyOf(feature));
    }
    this.#addBlock(blockTargets.at(-1) as number, sums);
    const scores = sums.map((sum, k) => sum * (scale[k] as number) + (bias[k] as number));
    return { scores, matched };
  }

  /** Returns the id of a feature, or -1 for one that the model does not know. */
  feature(name: string): number {
    return this.#index.find(keyOf(name));
  }

  #count(key: number): void {
    const id = this.#index.find(key);
    if (id === -1) {
      return;
    }
    const count = this.#occurrences[id] as number;
    if (count === 0) {
      this.#found.push(id);
    }
    if (count < MAX_COUNT) {
      this.#occurrences[id] = count + 1;
    }
  }

  #countWords(field: number, text: readonly CodePoints[]): void {
    const single = addText(CRC_START, `w${field} `);
    const shape = addText(CRC_START, `z${field} `);
    const pair = addText(CRC_START, `b${field} `);
    let before: number | undefined;
    for (const word of text) {
      this.#count(finish(addAll(single, word)));
      if (hasDigit(word)) {
        const zeros = word.map((point) => (point >= ZERO && point <= NINE ? ZERO : point));
        this.#count(finish(addAll(shape, zeros)));
      }
      if (before !== undefined) {
        this.#count(finish(addAll(before, word)));
      }
      before = addCodePoint(addAll(pair, word), SPACE);
    }
  }

  #countChars(field: number, text: readonly CodePoints[]): void {
    const { charsFrom, charsTo } = this.data.spec;
    const prefix = addText(CRC_START, `c${field} `);
    for (const word of charsTo > 0 ? text : []) {
      const marked = [LESS, ...word, GREATER];
      for (let start = 0; start + charsFrom <= marked.length; start++) {
        const end = Math.min(start + charsTo, marked.length);
        let state = prefix;
        for (let next = start; next < end; next++) {
          state = addCodePoint(state, marked[next] as number);
          if (next - start + 1 >= charsFrom) {
            this.#count(finish(state));
          }
        }
      }
    }
  }

  /** Adds what was counted to the sums, as a vector of length `target`; returns how many features. */
  #addBlock(target: number, sums: Float64Array): number {
    const found = this.#found.splice(0);
    const components = unit(
      found.map((id) => this.#weigh(id)),
      target,
    );
    const { classes, weights } = this.data;
    found.forEach((id, index) => {
      this.#occurrences[id] = 0;
      const component = components[index] as number;
      const end = this.starts[id + 1] as number;
      for (let entry = this.starts[id] as number; entry < end; entry++) {
        const k = classes[entry] as number;
        sums[k] = (sums[k] as number) + component * (weights[entry] as number);
      }
    });
    return found.length;
  }

  #weigh(id: number): number {
    const count = this.#occurrences[id] as number;
    return ((COUNT_WEIGHTS[count] as number) * (this.data.idf[id] as number)) >> 10;
  }
}

/**
 * Returns the model in `data`, which must be the very bytes that `sha256` (hex) names. Throws
 * UnusableModel.
 *
 * `digest` is for where the platform's own SHA-256 is missing, as on a page without https.
 */
export async function load(
  data: Uint8Array,
  sha256: string,
  digest: Digest = (bytes) => crypto.subtle.digest("SHA-256", bytes),
): Promise<Categorizer> {
  // A copy: what is parsed is what was hashed, whatever the caller does meanwhile.
  const bytes = new Uint8Array(data);
  const actual = await hexDigest(bytes, digest);
  if (actual !== sha256) {
    throw new UnusableModel(`the bytes are ${actual}, expected ${sha256}`);
  }
  return new Categorizer(await decode(bytes, digest), sha256);
}
