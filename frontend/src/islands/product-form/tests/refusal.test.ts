import { expect, test } from "vitest";
import { Refused, Unreachable } from "../../../api/client.ts";
import { isSavedBefore, isStale, told } from "../refusal.ts";

function fault(pointer: string, detail: string) {
  return { pointer, detail, field: pointer.slice(1), code: "invalid" };
}

test("faults land at their fields", () => {
  const error = new Refused(400, {
    detail: "The request cannot be used.",
    errors: [fault("/gtin", "Wrong digit."), fault("/price", "No amount.")],
  });
  expect(told(error)).toEqual({
    faults: { gtin: "Wrong digit.", price: "No amount." },
    sentence: "",
  });
});

test("a fault that has no field is told above the form", () => {
  const error = new Refused(400, { detail: "Not so.", errors: [fault("/colour", "Unknown.")] });
  expect(told(error)).toEqual({ faults: {}, sentence: "Not so. Unknown." });
});

test("an SKU that is taken is told at the SKU", () => {
  const error = new Refused(409, { detail: "Another product has it.", code: "conflict" });
  expect(told(error)).toEqual({ faults: { sku: "Another product has it." }, sentence: "" });
});

test("an old version and a lost answer are no faults of a field", () => {
  expect(isStale(new Refused(409, { code: "stale" }))).toBe(true);
  expect(isStale(new Refused(409, { code: "conflict" }))).toBe(false);
  expect(isSavedBefore(new Refused(422, { code: "idempotency_key_reused" }))).toBe(true);
  expect(told(new Unreachable()).sentence).toContain("cannot be reached");
});
