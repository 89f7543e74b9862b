/** The model file, `shelfmark-model/1`; docs/artifact-format.md is the specification. */

import { floorDivide, ONE, squareRoot } from "./arithmetic.ts";
import { addBytes, CRC_START, finish } from "./crc32.ts";
import { blockCount, type FeatureSpec, faultOf } from "./features.ts";
import {
  decodeText,
  isCount,
  type Layout,
  list,
  parseRecord,
  readSafetensors,
  UnusableModel,
} from "./safetensors.ts";
import {
  BadFoldTable,
  compareTexts,
  type FoldTable,
  MAX_FOLDED,
  parseFoldTable,
  TEXT_VERSION,
} from "./text.ts";

export const FORMAT = "shelfmark-model/1";
const MAX_LABELS = 65_535;
const MAX_TEMPERATURE = 2 ** 14;
const MAX_NOISE = 500_000;
const MAX_WEIGHT = 127;
const MAX_EXACT = 2 ** 53;
const ONE_IDF = 1024;
const METADATA = "shelfmark";
// Of round(2**30 * exp(-i / 256)) for i = 0 .. 4095 and of 0, four bytes each.
const EXP_CRC32 = 0x2deaa842;
const LAYOUT = {
  bias: ["I64"],
  keys: ["U32"],
  scale: ["U32"],
  exp: ["U32"],
  idf: ["U16"],
  counts: ["U16"],
  classes: ["U16", "U8"],
  weights: ["I8"],
  fold: ["U8"],
} as const satisfies Layout;

/** Returns the SHA-256 of bytes. */
export type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;

/**
 * The contents of a model file: F features, K labels, N weights.
 *
 * The weights of feature f are entries `sum(counts[:f])` and on, `counts[f]` of them, of
 * `classes` and `weights`; a score of label k is `bias[k] + scale[k] * sum(component * weight)`,
 * in 1/2**39.
 */
export interface ModelData {
  readonly spec: FeatureSpec;
  readonly labels: readonly string[];
  /** Length of each block's vector, in 1/2**15. */
  readonly blockTargets: readonly number[];
  /** In 1/256. */
  readonly temperature: number;
  /** In parts per million. */
  readonly noise: number;
  /** F, ascending. */
  readonly keys: Uint32Array;
  /** F, in 1/1024. */
  readonly idf: Uint16Array;
  /** F. */
  readonly counts: Uint16Array;
  /** N. */
  readonly classes: Uint8Array | Uint16Array;
  /** N. */
  readonly weights: Int8Array;
  /** K. */
  readonly scale: Uint32Array;
  /** K. */
  readonly bias: Float64Array;
  readonly exp: Uint32Array;
  readonly fold: FoldTable;
}

function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) {
    throw new UnusableModel(otherwise);
  }
}

/** Returns the SHA-256 of bytes as text. */
export async function hexDigest(bytes: Uint8Array<ArrayBuffer>, digest: Digest): Promise<string> {
  const hash = new Uint8Array(await digest(bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function texts(value: unknown, what: string): string[] {
  const all = list(value);
  must(
    Array.isArray(value) && all.every((each) => typeof each === "string"),
    `${what} are no texts`,
  );
  return all as string[];
}

function counts(value: unknown, what: string): number[] {
  const all = list(value);
  must(Array.isArray(value) && all.every(isCount), `${what} are no whole numbers`);
  return all as number[];
}

function readSpec(metadata: Readonly<Record<string, unknown>>): FeatureSpec {
  const [charsFrom, charsTo, ...more] = counts(metadata.chars, "the n-gram lengths");
  must(charsFrom !== undefined && charsTo !== undefined && more.length === 0, "two n-gram lengths");
  const spec = {
    textFields: texts(metadata.text_fields, "the text fields"),
    numberFields: texts(metadata.number_fields, "the number fields"),
    charsFrom,
    charsTo,
  };
  const fault = faultOf(spec);
  must(fault === undefined, fault ?? "");
  return spec;
}

function readFold(bytes: Uint8Array): FoldTable {
  try {
    return parseFoldTable(decodeText(bytes, "the fold table"));
  } catch (error) {
    throw error instanceof BadFoldTable ? new UnusableModel(error.message) : error;
  }
}

function checkMetadata(model: ModelData): void {
  const { labels, blockTargets, spec, temperature, noise } = model;
  must(labels.length >= 1 && labels.length <= MAX_LABELS, "the labels are missing or too many");
  must(
    labels.every((label, k) => k === 0 || compareTexts(labels[k - 1] as string, label) < 0),
    "the labels do not ascend",
  );
  must(
    blockTargets.length === blockCount(spec) &&
      blockTargets.every((target) => target > 0 && target <= 4 * ONE),
    "the block targets are not as specified",
  );
  must(temperature >= 1 && temperature <= MAX_TEMPERATURE, "the temperature is out of range");
  must(noise <= MAX_NOISE, "the noise is out of range");
}

/** Returns the smallest and the largest value; a loop, because there are a million of them. */
function range(values: Uint8Array | Uint16Array | Int8Array): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    least = value < least ? value : least;
    most = value > most ? value : most;
  }
  return [least, most];
}

/** Returns whether the labels of each feature's weights ascend, so that none stands there twice. */
function classesAscend(sizes: Uint16Array, classes: Uint8Array | Uint16Array): boolean {
  let entry = 0;
  for (const size of sizes) {
    for (const end = entry + size; entry < end; entry++) {
      if (entry > end - size && (classes[entry - 1] as number) >= (classes[entry] as number)) {
        return false;
      }
    }
  }
  return true;
}

function checkTensors(model: ModelData): void {
  const { keys, idf, counts: sizes, classes, weights, scale, bias, exp, labels } = model;
  must(
    idf.length === keys.length && sizes.length === keys.length,
    "the features' tensors differ in length",
  );
  must(
    scale.length === labels.length && bias.length === labels.length,
    "the labels' tensors differ in length",
  );
  const entries = sizes.reduce((sum, size) => sum + size, 0);
  must(
    classes.length === entries && weights.length === entries,
    "the weights' tensors differ in length",
  );
  must(classesAscend(sizes, classes), "the labels of a feature's weights do not ascend");
  must(
    keys.every((key, index) => index === 0 || key > (keys[index - 1] as number)),
    "the feature keys do not ascend",
  );
  must(range(classes)[1] < labels.length, "a weight belongs to no label");
  must(range(weights)[0] >= -MAX_WEIGHT, "a weight is out of range");
  must(range(idf)[0] >= ONE_IDF, "an idf is below 1");
  const table = new Uint8Array(exp.buffer, exp.byteOffset, exp.byteLength);
  must(
    finish(addBytes(CRC_START, table)) === EXP_CRC32,
    "the exponential table is not the specified one",
  );
}

/**
 * Returns a number that no score of this model can pass in size, whatever the product says.
 *
 * A block of n distinct features with length t has components that sum to at most t * sqrt(n),
 * and half a unit each for rounding; n is bounded by the code points that a field keeps.
 */
function scoreBound({ spec, blockTargets, scale, bias }: ModelData): number {
  const lengths = spec.charsTo > 0 ? spec.charsTo - spec.charsFrom + 1 : 0;
  const textSizes = [floorDivide(MAX_FOLDED * 3, 2), Math.max(1, 2 * MAX_FOLDED * lengths)];
  const sizes = spec.textFields.flatMap(() => textSizes);
  sizes.push(Math.max(1, 4 * spec.numberFields.length));
  const total = sizes.reduce((sum, size, block) => {
    const target = blockTargets[block] as number;
    return sum + target * (squareRoot(size) + 1) + floorDivide(size, 2) + 1;
  }, 0);
  const largestScale = scale.reduce((most, each) => Math.max(most, each), 0);
  const largestBias = bias.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  return total * MAX_WEIGHT * largestScale + largestBias;
}

/** Returns the contents of a model file. Throws UnusableModel. */
export async function decode(data: Uint8Array, digest: Digest): Promise<ModelData> {
  const { metadata: outer, tensors } = readSafetensors(data, LAYOUT);
  const json = outer[METADATA];
  must(typeof json === "string", "the metadata is missing");
  const metadata = parseRecord(json, "the metadata");
  const { format, text } = metadata;
  must(
    format === FORMAT && text === TEXT_VERSION,
    `the format is ${String(format)}, ${String(text)}, not ${FORMAT}, ${TEXT_VERSION}`,
  );
  const [temperature] = counts([metadata.temperature], "the temperature");
  const [noise] = counts([metadata.noise], "the noise");
  const model: ModelData = {
    spec: readSpec(metadata),
    labels: texts(metadata.labels, "the labels"),
    blockTargets: counts(metadata.block_targets, "the block targets"),
    temperature: temperature as number,
    noise: noise as number,
    keys: tensors.keys,
    idf: tensors.idf,
    counts: tensors.counts,
    classes: tensors.classes,
    weights: tensors.weights,
    scale: tensors.scale,
    bias: Float64Array.from(tensors.bias, Number),
    exp: tensors.exp,
    fold: readFold(tensors.fold),
  };
  checkMetadata(model);
  checkTensors(model);
  must(scoreBound(model) < MAX_EXACT / 2, "scores could leave the range in which they are exact");
  const taxonomy = new TextEncoder().encode(JSON.stringify(model.labels));
  must(
    metadata.taxonomy_sha256 === (await hexDigest(taxonomy, digest)),
    "the labels are not the ones that the taxonomy digest names",
  );
  return model;
}
