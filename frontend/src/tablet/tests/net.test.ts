import { expect, test } from "vitest";
import { Refused, Unreachable } from "../../api/client.ts";
import { verdict } from "../net.ts";

test("an answer in time means that there is a connection, and so does a refusal", () => {
  expect(verdict({ ms: 20 })).toBe("online");
  expect(verdict({ ms: 20, error: new Refused(403, {}) })).toBe("online");
});

test("an answer that took the patience of the worker means a slow one, kept or not", () => {
  expect(verdict({ ms: 4005, isCached: true })).toBe("slow");
  expect(verdict({ ms: 9000 })).toBe("slow");
  expect(verdict({ ms: 15_000, error: new Unreachable(true) })).toBe("slow");
});

test("a request that fails at once means none", () => {
  expect(verdict({ ms: 3, error: new Unreachable() })).toBe("offline");
});

test("a kept answer that came at once, or a request given up by us, says nothing", () => {
  expect(verdict({ ms: 3, isCached: true })).toBeNull();
  expect(verdict({ ms: 3, error: new DOMException("over", "AbortError") })).toBeNull();
});
