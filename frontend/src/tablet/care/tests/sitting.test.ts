import { expect, test } from "vitest";
import type { Waiting } from "../../../api/types.ts";
import { after, decision, START, takenBack, todo } from "../sitting.ts";
import { product } from "./made.ts";

function waiting(receipt: string, category: string | null = "Tools"): Waiting {
  return {
    product: product({ id: 7, version: 3, category_id: 4, name: "Drill" }),
    prediction: { receipt_id: receipt, category, model: "f", alternatives: [] },
    tablet_said: null,
    recalled: null,
  } as unknown as Waiting;
}

const QUEUE = [waiting("a"), waiting("b")];
const receipts = (queue: readonly Waiting[]) => queue.map((one) => one.prediction.receipt_id);

test("what was decided does not come back while it travels", () => {
  const sitting = after(START, { id: "1", receipt: "a", said: "" });
  expect(receipts(todo(QUEUE, sitting))).toEqual(["b"]);
});

test("what was taken back comes up again", () => {
  const sitting = takenBack(after(START, { id: "1", receipt: "a", said: "" }));
  expect(receipts(todo(QUEUE, sitting))).toEqual(["a", "b"]);
  expect(sitting.last).toBeNull();
});

test("the suggestion is accepted, another category corrects it, none skips it", () => {
  const seen = { category_id: 4, prediction: "a", model: "f", source: "server" };
  expect(decision(waiting("a"), "Tools")).toEqual({
    kind: "prediction.accept",
    product: { id: 7 },
    baseVersion: 3,
    label: "Drill",
    payload: { prediction: "a", category: "Tools", note: "", seen },
  });
  expect(decision(waiting("a"), "Garden")).toMatchObject({
    kind: "prediction.correct",
    payload: { category: "Garden" },
  });
  expect(decision(waiting("a"), null)).toMatchObject({
    kind: "prediction.skip",
    payload: { prediction: "a" },
  });
  expect(decision(waiting("a", null), "Tools").kind).toBe("prediction.correct");
});
