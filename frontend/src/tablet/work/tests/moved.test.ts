import { expect, test } from "vitest";
import { keepScreen, screenKey } from "../../moved.ts";

test("the screen of a product made here stays the same one when the server names it", () => {
  const before = screenKey({ uuid: "u" });
  expect(screenKey({ id: 9 })).not.toBe(before);
  keepScreen("u", 9);
  expect(screenKey({ id: 9 })).toBe(before);
});
