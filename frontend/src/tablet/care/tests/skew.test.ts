import { expect, test } from "vitest";
import { ahead, clockTrouble } from "../skew.ts";

const AT = Date.parse("2026-11-20T14:02:00Z");
const MINUTE = 60_000;

test("the clock is compared with the middle of the time that the answer took", () => {
  const date = new Date(AT).toUTCString();
  expect(ahead(date, AT + 500, AT + 500)).toBe(0);
  expect(ahead(date, AT - 9_500, AT + 10_500)).toBe(0);
  expect(ahead(date, AT + 10 * MINUTE + 500, AT + 10 * MINUTE + 500)).toBe(10 * MINUTE);
  expect(ahead(null, AT, AT)).toBeNull();
});

test("five minutes are nothing, more are said in words", () => {
  expect(clockTrouble(null)).toBeNull();
  expect(clockTrouble(5 * MINUTE)).toBeNull();
  expect(clockTrouble(7 * MINUTE)).toContain("7 minutes ahead");
  expect(clockTrouble(-180 * MINUTE)).toContain("3 hours behind");
  expect(clockTrouble(2 * 24 * 60 * MINUTE)).toContain("2 days ahead");
});
