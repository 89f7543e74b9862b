import { expect, test } from "vitest";
import type { Change, Kind, Result, TabletAnswer } from "../../../offline/changes.ts";
import { changesOf, compared, decisionOn, provisionalOf, worst } from "../states.ts";

let seq = 0;

function change(kind: Kind, more: Partial<Change> = {}): Change {
  seq += 1;
  return {
    seq,
    id: `change-${seq}`,
    person: 1,
    kind,
    product: { id: 7 },
    payload: {},
    baseVersion: 1,
    resolves: null,
    madeAt: "2026-01-01T10:00:00Z",
    build: "",
    label: "Drill",
    status: "waiting",
    attempts: 0,
    triedAt: null,
    settledAt: null,
    result: null,
    ...more,
  } as Change;
}

function result(more: Partial<Result>): Result {
  return {
    id: "",
    status: "applied",
    was: null,
    code: null,
    detail: null,
    product: null,
    prediction: null,
    agreement: null,
    rebased: false,
    contested: [],
    ...more,
  };
}

const ANSWER: TabletAnswer = {
  model_sha256: "a".repeat(64),
  category: "Tools > Drills",
  score: 12,
  confidence_ppm: 800_000,
  alternatives: [],
};

test("what needs a person is shown before what needs none", () => {
  const waiting = change("product.edit");
  const refused = change("product.edit", { status: "refused" });
  const conflict = change("product.edit", { status: "conflict" });
  expect(worst([waiting, refused, conflict])).toBe("conflict");
  expect(worst([waiting, refused])).toBe("refused");
  expect(worst([waiting])).toBe("waiting");
  expect(worst([change("product.edit", { status: "sent" })])).toBeNull();
});

test("a product's changes include those made before the server gave it a name", () => {
  const made = change("product.create", {
    product: { uuid: "u" },
    status: "sent",
    result: result({ product: { id: 7 } as Result["product"] }),
  });
  const accepted = change("prediction.accept", { product: { uuid: "u" } });
  const other = change("product.edit", { product: { id: 8 } });
  const shown = { ref: { id: 7 }, waiting: [accepted], troubled: [] };
  expect(changesOf([made, accepted, other], shown)).toEqual([made, accepted]);
});

test("of several decisions about a suggestion the last one counts", () => {
  const payload = { prediction: "p", category: "A", note: "", seen: {} } as never;
  const first = change("prediction.accept", { payload });
  const last = change("prediction.correct", { payload });
  expect(decisionOn([first, last], "p")).toBe(last);
  expect(decisionOn([first, last], "q")).toBeNull();
});

test("an answer is offered to the server again only if it is another one", () => {
  const payload = { answer: ANSWER } as never;
  const known = change("prediction.provisional", { payload });
  expect(provisionalOf([known], { ...ANSWER })).toBe(known);
  expect(provisionalOf([known], { ...ANSWER, score: 13 })).toBeNull();
  expect(provisionalOf([known], { ...ANSWER, model_sha256: "b".repeat(64) })).toBeNull();
});

test("whether the server agreed is told in words", () => {
  const provisional = (agreement: Result["agreement"]) =>
    change("prediction.provisional", {
      payload: { answer: ANSWER } as never,
      result: result({ agreement, prediction: "receipt" }),
    }) as Change<"prediction.provisional">;
  expect(compared(provisional(null), null)).toBeNull();
  expect(compared(provisional("same"), null)).toBe(
    "The server’s answer was the same as this tablet’s.",
  );
  expect(compared(provisional("differs"), { id: "receipt", category: "Tools > Saws" })).toBe(
    "The server’s answer differs: Tools > Saws instead of Tools > Drills. A person will look at it.",
  );
  // What is on the screen is another receipt: nothing is claimed about it.
  expect(compared(provisional("differs"), { id: "later", category: "Tools > Saws" })).toBe(
    "The server’s answer differs: this tablet said Tools > Drills. A person will look at it.",
  );
});
