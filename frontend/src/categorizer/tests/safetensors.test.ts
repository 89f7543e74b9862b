import fc from "fast-check";
import { expect, test } from "vitest";
import { readSafetensors, UnusableModel } from "../safetensors.ts";

const LAYOUT = { wide: ["U32"], small: ["I8", "U8"] } as const;
const DATA = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 255, 254);
const HEADER = {
  __metadata__: { note: "é" },
  wide: { dtype: "U32", shape: [2], data_offsets: [0, 8] },
  small: { dtype: "I8", shape: [2], data_offsets: [8, 10] },
};

function file(header: unknown, data = DATA): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function withTensor(change: Record<string, unknown>): unknown {
  return { ...HEADER, small: { ...HEADER.small, ...change } };
}

test("it reads tensors and metadata, also out of a buffer that is not aligned", () => {
  const shifted = new Uint8Array(file(HEADER).length + 3);
  shifted.set(file(HEADER), 3);
  for (const bytes of [file(HEADER), shifted.subarray(3), Buffer.from(file(HEADER))]) {
    const { metadata, tensors } = readSafetensors(bytes, LAYOUT);
    expect(metadata).toEqual({ note: "é" });
    expect(tensors.wide).toEqual(Uint32Array.of(0x04030201, 0x08070605));
    expect(tensors.small).toEqual(Int8Array.of(-1, -2));
  }
});

test("a tensor does not change when the file's bytes do", () => {
  const bytes = file(HEADER);
  const { tensors } = readSafetensors(bytes, LAYOUT);
  bytes.fill(0);
  expect(tensors.small[0]).toBe(-1);
});

test.each([
  ["an overlap", withTensor({ data_offsets: [7, 9] })],
  ["a gap", withTensor({ data_offsets: [9, 11] })],
  ["an end before the beginning", withTensor({ data_offsets: [8, 6] })],
  ["a tensor past the end", withTensor({ shape: [4], data_offsets: [8, 12] })],
  ["a shape that is another size", withTensor({ shape: [1] })],
  ["two dimensions", withTensor({ shape: [2, 1] })],
  ["a count beyond every memory", withTensor({ shape: [2 ** 53 - 1] })],
  ["a count that is no integer", withTensor({ shape: [2.0000001] })],
  ["a negative count", withTensor({ shape: [-2] })],
  ["a type that the format does not allow there", withTensor({ dtype: "I16" })],
  ["a type named like a property of every object", withTensor({ dtype: "toString" })],
  ["no offsets", withTensor({ data_offsets: undefined })],
  ["a tensor that is no object", { ...HEADER, small: 7 }],
  ["a tensor too few", { ...HEADER, small: undefined }],
  ["a tensor too many", { ...HEADER, more: { dtype: "I8", shape: [0], data_offsets: [10, 10] } }],
  ["a list for a header", [HEADER]],
  ["nothing for a header", null],
])("it refuses %s", (_, header) => {
  expect(() => readSafetensors(file(header), LAYOUT)).toThrow(UnusableModel);
});

test("it refuses a file that was cut anywhere", () => {
  const bytes = file(HEADER);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => readSafetensors(bytes.subarray(0, length), LAYOUT)).toThrow(UnusableModel);
  }
});

test("it refuses bytes after the last tensor", () => {
  const longer = file(HEADER, Uint8Array.of(...DATA, 0));
  expect(() => readSafetensors(longer, LAYOUT)).toThrow(UnusableModel);
});

test("no damage makes it fail in another way than by refusing", () => {
  const bytes = file(HEADER);
  const place = fc.nat({ max: bytes.length - 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1 }), (changes) => {
      const damaged = bytes.slice();
      for (const [index, value] of changes) {
        damaged[index] = value;
      }
      try {
        readSafetensors(damaged, LAYOUT);
      } catch (error) {
        expect(error).toBeInstanceOf(UnusableModel);
      }
    }),
    { numRuns: 5_000 },
  );
});
