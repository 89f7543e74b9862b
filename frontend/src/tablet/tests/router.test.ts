import { expect, test } from "vitest";
import { editPath, newPath, productPath, refPath, routeOf } from "../router.ts";

const uuid = "01890a5d-ac96-774b-bcce-b302099a8057";

test("an address leads to its screen and back", () => {
  expect(routeOf("/tablet/")).toEqual({ name: "home" });
  expect(routeOf(productPath(17))).toEqual({ name: "product", ref: { id: 17 } });
  expect(routeOf(refPath({ uuid }))).toEqual({ name: "product", ref: { uuid } });
  expect(routeOf(editPath({ id: 17 }))).toEqual({ name: "edit", ref: { id: 17 } });
  expect(routeOf(editPath({ uuid }))).toEqual({ name: "edit", ref: { uuid } });
  for (const name of ["review", "changes", "scan", "ready"]) {
    expect(routeOf(`/tablet/${name}`)).toEqual({ name });
  }
});

test("a code that nobody knew comes through an address unchanged", () => {
  for (const code of ["", "A&B=C 50%+#", "04006381333931"]) {
    expect(routeOf(newPath(code))).toEqual({ name: "new", code });
  }
});

test("a slash at the end and a query change nothing", () => {
  expect(routeOf("/tablet")).toEqual({ name: "home" });
  expect(routeOf("/tablet/?source=icon")).toEqual({ name: "home" });
  expect(routeOf("/tablet/review/?x=1")).toEqual({ name: "review" });
});

test.each([
  "/tablet/products/0",
  "/tablet/products/-1",
  "/tablet/products/1e3",
  "/tablet/products/17/delete",
  "/tablet/products/9999999999999999999",
  "/tablet/products/new/17",
  "/tablet/nowhere",
  "/tablet/toString",
  "/",
])("%s leads nowhere", (path) => {
  expect(routeOf(path)).toEqual({ name: "nowhere" });
});
