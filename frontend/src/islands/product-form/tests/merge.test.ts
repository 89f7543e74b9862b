import { expect, test } from "vitest";
import { BLANK } from "../../../forms/fields.ts";
import { differences, merged, obvious } from "../merge.ts";

const START = { ...BLANK, name: "Drill", brand: "Korvand", weight_g: "1600" };

test("what only they changed is theirs without asking", () => {
  const found = differences(START, { ...START, name: "My drill" }, { ...START, weight_g: "1700" });
  expect(found).toEqual([{ name: "weight_g", mine: "1600", theirs: "1700", isMine: false }]);
  expect(obvious(found)).toEqual({ weight_g: "theirs" });
});

test("what both changed differently is for the person to choose", () => {
  const mine = { ...START, name: "My drill" };
  const found = differences(START, mine, { ...START, name: "Their drill" });
  expect(found).toEqual([{ name: "name", mine: "My drill", theirs: "Their drill", isMine: true }]);
  expect(obvious(found)).toEqual({});
  expect(merged(mine, found, { name: "mine" }).name).toBe("My drill");
  expect(merged(mine, found, { name: "theirs" }).name).toBe("Their drill");
});

test("what both changed to the same is no difference: my own change whose answer was lost", () => {
  const mine = { ...START, name: "My drill" };
  expect(differences(START, mine, { ...mine })).toEqual([]);
});

test("a choice leaves the other fields as they are", () => {
  const mine = { ...START, brand: "Mine" };
  const theirs = { ...START, name: "Theirs", brand: "Theirs" };
  const found = differences(START, mine, theirs);
  expect(merged(mine, found, { ...obvious(found), brand: "mine" })).toEqual({
    ...START,
    name: "Theirs",
    brand: "Mine",
  });
});
