import { expect, test } from "vitest";
import { BLANK } from "../../../forms/fields.ts";
import { type Draft, find, forget, keep, placeOf } from "../draft.ts";

class Shelf implements Storage {
  readonly kept = new Map<string, string>();
  [name: string]: unknown;
  get length() {
    return this.kept.size;
  }
  clear() {
    this.kept.clear();
  }
  getItem(key: string) {
    return this.kept.get(key) ?? null;
  }
  key() {
    return null;
  }
  removeItem(key: string) {
    this.kept.delete(key);
  }
  setItem(key: string, value: string) {
    this.kept.set(key, value);
  }
}

class FullShelf extends Shelf {
  override setItem() {
    throw new DOMException("full", "QuotaExceededError");
  }
}

const DRAFT: Draft = {
  values: { ...BLANK, name: "Half a drill" },
  start: BLANK,
  version: null,
  key: "k",
  taken: { receiptId: "r", suggested: "Tools" },
  keptAt: "2026-01-01T00:00:00Z",
};

test("a draft comes back as it was kept, until it is forgotten", () => {
  const shelf = new Shelf();
  keep(shelf, "place", DRAFT);
  expect(find(shelf, "place")).toEqual(DRAFT);
  forget(shelf, "place");
  expect(find(shelf, "place")).toBeNull();
});

test("nobody is offered the draft of somebody else, or of another product", () => {
  const places = [placeOf(1, null), placeOf(2, null), placeOf(1, 7), placeOf(1, 2)];
  expect(new Set(places).size).toBe(places.length);
});

test.each([
  "no JSON",
  "null",
  "{}",
  JSON.stringify({ ...DRAFT, values: { name: "an older form" } }),
  JSON.stringify({ ...DRAFT, key: "" }),
])("what this form did not write is no draft: %s", (text) => {
  const shelf = new Shelf();
  shelf.setItem("place", text);
  expect(find(shelf, "place")).toBeNull();
});

test("a storage that is full stops nobody from typing", () => {
  expect(() => keep(new FullShelf(), "place", DRAFT)).not.toThrow();
});
