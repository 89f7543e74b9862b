import { expect, test } from "vitest";
import { sourceInWords, when } from "../words.ts";

const NOW = new Date(2026, 10, 20, 14, 2);

test.each([
  [new Date(2026, 10, 20, 0, 5), "00:05"],
  [new Date(2026, 10, 19, 23, 59), "yesterday at 23:59"],
  [new Date(2026, 10, 18, 9, 7), "18 November at 09:07"],
  [new Date(2025, 11, 31, 9, 7), "31 December 2025 at 09:07"],
])("%s is “%s”", (moment, words) => {
  expect(when(moment, NOW)).toBe(words);
});

test("it is said who put a product where it is", () => {
  expect(sourceInWords("person")).toBe("A person put it there.");
  expect(sourceInWords("")).toBe("Nobody has said yet where it belongs.");
});
