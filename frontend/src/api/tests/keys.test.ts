import { expect, test } from "vitest";
import { newKey } from "../keys.ts";
import { below } from "../next.ts";

test("a key is one that the server takes, and no two are the same", () => {
  const keys = Array.from({ length: 1000 }, newKey);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
});

test("the address of a next page is asked for below the API", () => {
  expect(below("/api/v1/reviews/queue?after=x%201&limit=20")).toBe(
    "reviews/queue?after=x%201&limit=20",
  );
});
