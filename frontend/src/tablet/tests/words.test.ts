import { expect, test } from "vitest";
import type { Suggested } from "../../api/types.ts";
import { age, percent, reviewInWords, when } from "../words.ts";

const NOW = new Date(2026, 10, 20, 14, 2);
const before = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

test.each([
  [0.5, "less than a minute ago"],
  [1, "1 minute ago"],
  [59.9, "59 minutes ago"],
  [60, "1 hour ago"],
  [47 * 60 + 59, "47 hours ago"],
  [48 * 60, "2 days ago"],
  [-5, "less than a minute ago"],
])("%d minutes are “%s”", (minutes, words) => {
  expect(age(before(minutes), NOW)).toBe(words);
});

test.each([
  [new Date(2026, 10, 20, 0, 5), "00:05"],
  [new Date(2026, 10, 19, 23, 59), "yesterday at 23:59"],
  [new Date(2026, 10, 18, 9, 7), "18 November at 09:07"],
  [new Date(2025, 11, 31, 9, 7), "31 December 2025 at 09:07"],
])("%s is “%s”", (moment, words) => {
  expect(when(moment, NOW)).toBe(words);
});

test("a confidence is never rounded up", () => {
  expect(percent(999_999)).toBe("99.9 %");
  expect(percent(1_000_000)).toBe("100.0 %");
  expect(percent(1)).toBe("under 0.1 %");
  expect(percent(0)).toBe("0.0 %");
});

test("whether a person has to look is said in words", () => {
  const answer = { category: "Tools", needs_review: true } as Suggested;
  expect(reviewInWords(answer)).toContain("a person should look");
  expect(reviewInWords({ ...answer, needs_review: false })).toContain("without a review");
  expect(reviewInWords({ ...answer, category: null })).toContain("There is no suggestion");
});
