import { expect, test } from "vitest";
import { again, dependents, dismissal, sections } from "../sections.ts";
import { change, product, result, SEEN } from "./made.ts";

const TOOLS = { category: "Tools", seen: SEEN };
const ids = (changes: readonly { id: string }[]) => changes.map(({ id }) => id);

test("each change is in the section of its state, what was sent last comes first", () => {
  const waiting = change("product.categorize", TOOLS);
  const first = change("product.categorize", TOOLS, { status: "sent" });
  const second = change("product.categorize", TOOLS, { status: "sent" });
  const found = sections([waiting, first, second]);
  expect(ids(found.waiting)).toEqual([waiting.id]);
  expect(ids(found.sent)).toEqual([second.id, first.id]);
  expect(found.conflict).toEqual([]);
});

test("what a later change settles needs nobody any more", () => {
  const conflict = change("product.categorize", TOOLS, { status: "conflict" });
  const settling = change("product.categorize", TOOLS, { resolves: conflict.id });
  const found = sections([conflict, settling]);
  expect(found.conflict).toEqual([]);
  expect(ids(found.waiting)).toEqual([settling.id]);
});

test("keeping mine says the same again, about the product as it is now", () => {
  const conflict = change("product.categorize", TOOLS, {
    status: "conflict",
    result: result({ product: product({ version: 9, category_id: 5 }) }),
  });
  expect(again(conflict)).toEqual({
    kind: "product.categorize",
    product: { id: 7 },
    label: "Drill",
    payload: { category: "Tools", seen: { ...SEEN, category_id: 5 } },
    baseVersion: 9,
    resolves: conflict.id,
  });
});

test("keeping mine of fields compares with what they are now", () => {
  const conflict = change(
    "product.edit",
    { set: { name: "Saw" }, base: { name: "Drill" } },
    { status: "conflict", result: result({ product: product({ name: "Hammer" }) }) },
  );
  expect(again(conflict).payload).toEqual({ set: { name: "Saw" }, base: { name: "Hammer" } });
});

test("keeping theirs gives the change up by its name", () => {
  const conflict = change("product.categorize", TOOLS, { status: "conflict" });
  expect(dismissal(conflict)).toMatchObject({
    kind: "conflict.dismiss",
    resolves: conflict.id,
    payload: {},
  });
});

test("a new product takes what was done to it along", () => {
  const made = { product: { uuid: "u" } };
  const create = change("product.create", { fields: {}, category: null }, made);
  const later = change("product.categorize", TOOLS, made);
  const other = change("product.categorize", TOOLS);
  expect(ids(dependents(create, [create, later, other]))).toEqual([later.id]);
  expect(dependents(later, [create, later, other])).toEqual([]);
});
