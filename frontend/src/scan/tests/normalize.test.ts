import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { read } from "../normalize.ts";

interface Vectors {
  format: string;
  year: number;
  scans: { about: string; raw: string; read: unknown }[];
}
const file = new URL("../vectors/scans.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

test("the vectors are of the version that is read here", () => {
  expect(vectors.format).toBe("shelfmark-scans/1");
});

test.each(vectors.scans)("$about: $raw is read as the vectors say", (scan) => {
  expect(read(scan.raw, vectors.year)).toEqual(scan.read);
});

test("a year that has begun is the year of the scan if nobody says another", () => {
  const year = new Date().getFullYear();
  const digits = String(year % 100).padStart(2, "0");
  expect(read(`010950600013435217${digits}1231`)).toMatchObject({ expires: `${year}-12-31` });
});
