import { expect, test } from "vitest";
import type { Waiting } from "../../../api/types.ts";
import { optionOfKey, options } from "../../../ui/options.ts";
import { next, remaining, START, waitingInWords } from "../sitting.ts";

function waiting(id: string, labels: string[]): Waiting {
  const [category = null, ...others] = labels;
  return {
    product: { name: id },
    prediction: {
      receipt_id: id,
      category,
      confidence_ppm: category === null ? null : 500_000,
      alternatives: others.map((label) => ({ category: label, confidence_ppm: 1 })),
    },
  } as unknown as Waiting;
}

const QUEUE = ["a", "b", "c"].map((id) => waiting(id, ["X"]));

function ids(queue: Waiting[]): string[] {
  return queue.map(({ prediction }) => prediction.receipt_id);
}

test("what was filed or left for later does not come up again", () => {
  const filed = next(START, { type: "filed", receiptId: "a", name: "Drill", category: "Tools" });
  expect(filed.said).toBe("Filed under Tools: Drill.");
  const skipped = next(filed, { type: "skipped", receiptId: "b", name: "Saw" });
  expect(ids(remaining(QUEUE, skipped))).toEqual(["c"]);
});

test("what was left for later comes up when it is asked for, what was filed does not", () => {
  const filed = next(START, { type: "filed", receiptId: "a", name: "Drill", category: "Tools" });
  const skipped = next(filed, { type: "skipped", receiptId: "b", name: "Saw" });
  expect(ids(remaining(QUEUE, next(skipped, { type: "again" })))).toEqual(["b", "c"]);
});

test("a person chooses from three suggestions at most", () => {
  const labels = (one: Waiting) => options(one).map(({ category }) => category);
  expect(labels(waiting("a", ["A", "B", "C", "D"]))).toEqual(["A", "B", "C"]);
  expect(labels(waiting("a", ["A"]))).toEqual(["A"]);
  expect(labels(waiting("a", []))).toEqual([]);
});

test("a key means an option that is there, and only that key alone", () => {
  const key = (name: string, held = {}) => ({
    key: name,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    repeat: false,
    ...held,
  });
  expect(optionOfKey(key("1"), 3)).toBe(0);
  expect(optionOfKey(key("3"), 3)).toBe(2);
  expect(optionOfKey(key("3"), 2)).toBeNull();
  expect(optionOfKey(key("4"), 3)).toBeNull();
  expect(optionOfKey(key("1", { ctrlKey: true }), 3)).toBeNull();
  expect(optionOfKey(key("1", { repeat: true }), 3)).toBeNull();
});

test("how many wait is told as far as it was counted", () => {
  expect(waitingInWords(0)).toBe("0 products wait for a person.");
  expect(waitingInWords(1)).toBe("1 product waits for a person.");
  expect(waitingInWords(1000)).toBe("1,000 products or more wait for a person.");
});
