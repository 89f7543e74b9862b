import { beforeEach, expect, test, vi } from "vitest";

const ensureModel = vi.hoisted(() => vi.fn());
vi.mock("../model.ts", () => ({ ensureModel }));

let hearModel: (version: string) => void;

/** Hear a version and return how often the model was looked after until now. */
async function hear(version: string): Promise<number> {
  hearModel(version);
  await vi.dynamicImportSettled();
  return ensureModel.mock.calls.length;
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-21T10:00:00Z") });
  ensureModel.mockReset();
  vi.resetModules();
  ({ hearModel } = await import("../loadModel.ts"));
});

test("the model is looked after at the first answer, and when the server has another one", async () => {
  expect(await hear("a")).toBe(1);
  expect(await hear("a")).toBe(1);
  expect(await hear("b")).toBe(2);
  expect(await hear("none")).toBe(3);
});

test("it is looked after now and then: the live model may have been withdrawn", async () => {
  expect(await hear("a")).toBe(1);
  vi.setSystemTime(new Date("2026-11-21T10:04:59Z"));
  expect(await hear("a")).toBe(1);
  vi.setSystemTime(new Date("2026-11-21T10:05:01Z"));
  expect(await hear("a")).toBe(2);
  expect(await hear("a")).toBe(2);
  vi.setSystemTime(new Date("2026-11-20T10:00:00Z")); // somebody set the clock
  expect(await hear("a")).toBe(3);
});
