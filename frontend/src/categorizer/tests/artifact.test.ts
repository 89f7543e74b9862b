import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { load, UnusableModel } from "../index.ts";

const DATA = new Uint8Array(readFileSync(new URL("../vectors/tiny.safetensors", import.meta.url)));
const VIEW = new DataView(DATA.buffer);
const START = 8 + VIEW.getUint32(0, true);
const HEADER = JSON.parse(new TextDecoder().decode(DATA.subarray(8, START)));
const METADATA = JSON.parse(HEADER.__metadata__.shelfmark);

async function loadAnyway(bytes: Uint8Array): Promise<void> {
  await load(bytes, createHash("sha256").update(bytes).digest("hex"));
}

function withHeader(header: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeUInt32LE(text.length);
  return Buffer.concat([size, text, DATA.subarray(START)]);
}

function withMetadata(change: Record<string, unknown>): Uint8Array {
  const metadata = { shelfmark: JSON.stringify({ ...METADATA, ...change }) };
  return withHeader({ ...HEADER, __metadata__: metadata });
}

/** Returns the file with other labels and the digest that belongs to them. */
function withLabels(labels: unknown[]): Uint8Array {
  const digest = createHash("sha256").update(JSON.stringify(labels)).digest("hex");
  return withMetadata({ labels, taxonomy_sha256: digest });
}

/** Returns the file with bytes of a tensor overwritten. */
function withTensor(name: string, at: number, ...values: number[]): Uint8Array {
  const bytes = DATA.slice();
  const [first, last] = HEADER[name].data_offsets;
  bytes.set(values, START + (at < 0 ? last : first) + at);
  return bytes;
}

test("the untouched file loads, and so does one with another sound header", async () => {
  await loadAnyway(DATA);
  await loadAnyway(withHeader(HEADER));
  await loadAnyway(withLabels(["a", "b", "\uffff", "\u{10000}"]));
});

test.each([
  ["another format", withMetadata({ format: "shelfmark-model/2" })],
  ["another text", withMetadata({ text: "text/2" })],
  ["no labels", withLabels([])],
  ["a label twice", withLabels(["a", "b", "c", "c"])],
  ["a label too many", withLabels(["a", "b", "c", "d", "e"])],
  ["labels in another order", withLabels(["b", "a", "c", "d"])],
  ["labels in the order of UTF-16", withLabels(["a", "b", "\u{10000}", "\uffff"])],
  ["a label that is no text", withLabels(["a", "b", "c", 4])],
  ["labels that the digest does not name", withMetadata({ labels: ["a", "b", "c", "d"] })],
  ["another taxonomy", withMetadata({ taxonomy_sha256: "0".repeat(64) })],
  ["no text field", withMetadata({ text_fields: [] })],
  ["a field twice", withMetadata({ number_fields: ["name"] })],
  ["too many number fields", withMetadata({ number_fields: [..."abcdefghijklm"] })],
  ["n-grams that are too long", withMetadata({ chars: [2, 9] })],
  ["n-grams that end before they begin", withMetadata({ chars: [4, 2] })],
  ["n-grams without an end", withMetadata({ chars: [2] })],
  ["a block too few", withMetadata({ block_targets: METADATA.block_targets.slice(1) })],
  ["a block of no length", withMetadata({ block_targets: [0, 1, 1, 1, 1] })],
  ["a block that is too long", withMetadata({ block_targets: [131073, 1, 1, 1, 1] })],
  ["no temperature", withMetadata({ temperature: 0 })],
  ["a temperature that is too high", withMetadata({ temperature: 16385 })],
  ["noise that is too high", withMetadata({ noise: 500_001 })],
  ["no noise", withMetadata({ noise: undefined })],
  ["a temperature that is text", withMetadata({ temperature: "256" })],
  ["metadata that is not JSON", withHeader({ ...HEADER, __metadata__: { shelfmark: "{" } })],
  ["no metadata", withHeader({ ...HEADER, __metadata__: {} })],
  ["a tensor too many", withHeader({ ...HEADER, more: HEADER.fold })],
  ["keys that do not ascend", withTensor("keys", 0, 255, 255, 255, 255)],
  ["another exponential table", withTensor("exp", 1, 1)],
  ["an idf below one", withTensor("idf", 0, 255, 3)],
  ["counts that do not add up", withTensor("counts", 0, 255)],
  ["a weight of no label", withTensor("classes", 0, 4)],
  ["a weight out of range", withTensor("weights", 0, 128)],
  ["scores that could be inexact", withTensor("scale", 0, 255, 255, 255, 255)],
  ["a bias that could be inexact", withTensor("bias", 0, 0, 0, 0, 0, 0, 0, 16, 0)],
  ["a negative bias that could be inexact", withTensor("bias", 0, 0, 0, 0, 0, 0, 0, 0, 128)],
  ["a fold table that is not JSON", withTensor("fold", -1, 32)],
  ["a fold table that is not UTF-8", withTensor("fold", 5, 255)],
])("it refuses %s", async (_, bytes) => {
  await expect(loadAnyway(bytes)).rejects.toThrow(UnusableModel);
});

test("it refuses a file that was cut off", async () => {
  for (let length = 0; length < DATA.length; length += length < START ? 97 : 4_999) {
    await expect(loadAnyway(DATA.subarray(0, length))).rejects.toThrow(UnusableModel);
  }
});

test("no damage makes it fail in another way than by refusing", async () => {
  const inHeader = fc.nat({ max: START - 1 });
  const anywhere = fc.nat({ max: DATA.length - 1 });
  const change = fc.tuple(fc.oneof(inHeader, anywhere), fc.nat({ max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 5 }), async (changes) => {
      const damaged = DATA.slice();
      for (const [index, value] of changes) {
        damaged[index] = value;
      }
      await loadAnyway(damaged).catch((error) => {
        expect(error).toBeInstanceOf(UnusableModel);
      });
    }),
    { numRuns: 500 },
  );
});
