import { expect, test } from "vitest";
import { matching, parts } from "../matching.ts";

const PATHS = ["Garden > Hoses", "Tools", "Tools > Drills", "Tools > Drills > Cordless drills"];
const ALL = PATHS.map((path, id) => ({ id, path }));

function found(text: string): string[] {
  return matching(text, ALL).map(({ path }) => path);
}

test("every typed word has to be in the path, in any order and any case", () => {
  expect(found("drill TOOLS")).toEqual(["Tools > Drills", "Tools > Drills > Cordless drills"]);
  expect(found("hoses tools")).toEqual([]);
  expect(found("ｈｏｓｅ")).toEqual(["Garden > Hoses"]);
});

test("without words every category is offered", () => {
  expect(found("  ")).toEqual(PATHS);
});

test("a category that has the words in its own name comes first", () => {
  expect(found("tools")).toEqual(["Tools", "Tools > Drills", "Tools > Drills > Cordless drills"]);
  const under = [
    { id: 1, path: "Hoses > Fittings" },
    { id: 2, path: "Pool > Hoses" },
  ];
  expect(matching("hoses", under).map(({ id }) => id)).toEqual([2, 1]);
});

test("a path is cut before its own name", () => {
  expect(parts("Tools > Drills")).toEqual(["Tools > ", "Drills"]);
  expect(parts("Tools")).toEqual(["", "Tools"]);
});
