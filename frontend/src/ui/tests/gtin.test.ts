import { expect, test } from "vitest";
import { checkDigit, gtinFault } from "../gtin.ts";

test.each(["96385074", "036000291452", "4006381333931", "10614141000415"])(
  "%s is a GTIN",
  (text) => {
    expect(gtinFault(text)).toBeNull();
  },
);

test("the digit that should be there is named", () => {
  expect(checkDigit("400638133393")).toBe(1);
  expect(gtinFault("4006381333932")).toBe(
    "The last digit of this GTIN should be 1: look for a typing error.",
  );
});

test.each(["", "1234567", "123456789", "4006381 333931", "４００６３８１３"])(
  "“%s” has the wrong length or other characters",
  (text) => {
    expect(gtinFault(text)).toBe("A GTIN has 8, 12, 13 or 14 digits.");
  },
);

test("zeros alone are no GTIN", () => {
  expect(gtinFault("00000000")).toBe("A GTIN is not all zeros.");
});
