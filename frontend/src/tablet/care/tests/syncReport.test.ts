import { expect, test } from "vitest";
import { report } from "../syncReport.ts";
import { change, result, SEEN } from "./made.ts";

const CIRCUMSTANCES = {
  build: "b1",
  worker: "ready",
  net: "offline",
  mirror: { isComplete: true, lastPull: "2026-11-20T13:02:00Z", epoch: "e" },
  model: null,
  space: { used: 1, free: 2, isKept: false },
  isInstalled: false,
  skewMs: 100,
  canSync: true,
  lastError: null,
};
const NOW = new Date("2026-11-20T14:03:00Z");

test("the report counts what waits and says how old it is", () => {
  const waiting = change("product.categorize", { category: "Secret shelf", seen: SEEN });
  const told = JSON.parse(report(CIRCUMSTANCES, [waiting], NOW));
  expect(told).toMatchObject({
    format: "shelfmark-tablet/1",
    cursorAgeSeconds: 3660,
    queue: {
      states: { waiting: 1 },
      waiting: { "product.categorize": 1 },
      oldestWaitingSeconds: 60,
    },
  });
});

test("the report holds the last fifty results, and nothing that a person typed or is called", () => {
  const settled = Array.from({ length: 60 }, (_, number) =>
    change(
      "product.edit",
      { set: { name: "Secret saw" }, base: { name: "Secret drill" } },
      {
        person: 4711,
        label: "Secret drill",
        status: "conflict",
        result: result({
          code: "field",
          detail: `Secret ${number}`,
          contested: [{ what: "name", mine: "Secret", theirs: "Secret", by: "Secret", at: "" }],
        }),
      },
    ),
  );
  const text = report(CIRCUMSTANCES, settled, NOW);
  expect(JSON.parse(text).last).toHaveLength(50);
  expect(text).not.toMatch(/secret|4711/i);
});
