import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BadFoldTable, codePoints, fold, MAX_FOLDED, MAX_READ, parseFoldTable } from "../text.ts";

const JSON_TEXT = readFileSync(
  new URL("../../../../categorizer/fold.json", import.meta.url),
  "utf8",
);
const TABLE = parseFoldTable(JSON_TEXT);

test.each([
  ["Bohrmaschine 18V, 0,5 kg (LEGO®) 3½", "bohrmaschine 18v 0.5 kg lego 3 1/2"],
  ["ÇELİK Straße ŁÓDŹ", "celik strasse lodz"],
  ["1.5.2 . / 3/4 a/b .5 5.", "1.5.2 3/4 a b 5 5"],
  ["1./2 1/.2", "1 2 1 2"],
  ["椅子🪑", "椅 子 🪑"],
  ["a\ud800b\udc00c", "a b c"],
  ["", ""],
])("%j becomes %j", (text, canonical) => {
  expect(fold(text, TABLE)).toBe(canonical);
});

test("length is counted in code points, before folding and after", () => {
  expect(fold("𝒶".repeat(MAX_READ + 7), TABLE)).toBe("a".repeat(MAX_READ));
  expect(fold("ﬃ".repeat(MAX_READ), TABLE)).toBe("ffi".repeat(MAX_FOLDED / 3));
});

test("a number cut at the limit keeps no loose point", () => {
  const digits = "1".repeat(MAX_READ - 1);
  expect(fold(`${digits}.5`, TABLE)).toBe(digits);
});

test("no more is read of a long text than the limit", () => {
  expect(codePoints("x".repeat(5_000_000), 3)).toEqual([120, 120, 120]);
});

test.each([
  ["not JSON", "{"],
  ["null", "null"],
  ["another version", JSON_TEXT.replace("text/1", "text/2")],
  ["no classes", '{"spec":"text/1","classes":[],"multi":[],"runs":[]}'],
  ["classes that start late", '{"spec":"text/1","classes":[[1,"W"]],"multi":[],"runs":[]}'],
  ["a run without end", '{"spec":"text/1","classes":[[0,"W"]],"multi":[],"runs":[[0,9e15,1,0]]}'],
  ["a run that stands", '{"spec":"text/1","classes":[[0,"W"]],"multi":[],"runs":[[0,9,0,0]]}'],
  ["no runs", '{"spec":"text/1","classes":[[0,"W"]],"multi":[]}'],
])("%s is no fold table", (_, json) => {
  expect(() => parseFoldTable(json)).toThrow(BadFoldTable);
});
