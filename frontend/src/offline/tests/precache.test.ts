import { expect, test } from "vitest";
import { precache } from "../../../vite/precache.ts";

const MANIFEST = {
  "tablet.tsx": {
    file: "tablet-a.js",
    css: ["tablet-b.css"],
    imports: ["_kit"],
    dynamicImports: ["later.tsx"],
  },
  _kit: { file: "kit-c.js", imports: ["tablet.tsx"] },
  "later.tsx": { file: "later-d.js", assets: ["mark-e.svg", "reader-g.wasm"] },
  "desk.tsx": { file: "desk-f.js" },
};

test("everything that an entry may ever load is kept, except what is large and seldom", () => {
  expect(precache(MANIFEST, "tablet.tsx", "/s/").map((one) => one.url)).toEqual([
    "/s/kit-c.js",
    "/s/later-d.js",
    "/s/mark-e.svg",
    "/s/tablet-a.js",
    "/s/tablet-b.css",
  ]);
});

test("an entry that was not built is an error", () => {
  expect(() => precache(MANIFEST, "missing.tsx")).toThrow("build the pages first");
});
