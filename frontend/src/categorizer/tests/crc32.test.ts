import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addCodePoint, addText, CRC_START, finish } from "../crc32.ts";

const text = fc.string({ unit: "binary" }); // every code point except surrogates

test("it is the crc32 of zlib over UTF-8", () => {
  expect(finish(addText(CRC_START, "123456789"))).toBe(0xcbf43926);
  fc.assert(
    fc.property(text, (value) => {
      expect(finish(addText(CRC_START, value))).toBe(crc32(value));
    }),
    { numRuns: 5_000 },
  );
});

test("a prefix is continued without starting again", () => {
  const prefix = addText(CRC_START, "w ");
  expect(finish(addCodePoint(prefix, 0x1f9f0))).toBe(crc32("w 🧰"));
  expect(finish(addCodePoint(prefix, 0xe9))).toBe(crc32("w é"));
});
