import { expect, test } from "vitest";
import { productPath, routeOf } from "../router.ts";

test("an address leads to its screen and back", () => {
  expect(routeOf("/tablet/")).toEqual({ name: "home" });
  expect(routeOf(productPath(17))).toEqual({ name: "product", id: 17 });
});

test.each([
  "/tablet/products/0",
  "/tablet/products/-1",
  "/tablet/products/1e3",
  "/tablet/products/17/edit",
  "/tablet/products/9999999999999999999",
  "/tablet/nowhere",
])("%s leads nowhere", (path) => {
  expect(routeOf(path)).toEqual({ name: "nowhere" });
});
