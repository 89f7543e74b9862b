// Whatever happens between a tablet and the server, in whatever order: each change is carried out
// once, those of one product in the order in which they were made, and none gets lost.
import "fake-indexeddb/auto";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { enqueue } from "../outbox.ts";
import { Store } from "../store.ts";
import { flush } from "../sync.ts";
import { edit, FakeServer, type Fault, UNKNOWN } from "./server.ts";

afterEach(() => vi.unstubAllGlobals());

let people = 10_000;

/** What can happen: a change, an attempt on a line, a tab that dies, a session that ends. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ change: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      faults: fc.array(fc.constantFrom<Fault | "none">("none", "elsewhere", ...UNKNOWN), {
        maxLength: 2,
      }),
      tabs: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant("dies" as const) },
  { weight: 1, arbitrary: fc.constantFrom("leaves" as const, "returns" as const) },
);

async function play(steps: readonly unknown[]): Promise<void> {
  people += 1;
  const server = new FakeServer();
  server.person = people;
  vi.stubGlobal("fetch", server.fetch);
  let tabs = [new Store(people), new Store(people)];
  const made: { id: string; product: number }[] = [];
  for (const one of steps as ({ change: number } | { faults: Fault[]; tabs: number } | string)[]) {
    if (one === "dies") {
      for (const tab of tabs) {
        tab.close();
      }
      tabs = [new Store(people), new Store(people)];
    } else if (typeof one === "string") {
      server.person = one === "leaves" ? null : people;
    } else if ("change" in one) {
      const tab = tabs[made.length % 2] as Store;
      const { id } = await enqueue(tab, edit(one.change, `${made.length}`));
      made.push({ id, product: one.change });
    } else {
      server.faults = one.faults.map((fault) =>
        (fault as string) === "none" ? ("" as Fault) : fault,
      );
      await Promise.all(tabs.slice(0, one.tabs).map((tab) => flush(tab)));
    }
  }
  server.person = people;
  server.faults = [];
  const [tab] = tabs as [Store];
  expect(await flush(tab)).toMatchObject({ state: "done", left: 0 });
  expect((await tab.changes()).map(({ status }) => status)).toEqual(made.map(() => "sent"));
  for (const id of [1, 2, 3]) {
    const wanted = made.filter((one) => one.product === id).map((one) => one.id);
    const done = server.effects.filter(
      ({ product }) => product && "id" in product && product.id === id,
    );
    expect(done.map((one) => one.id)).toEqual(wanted);
  }
  expect(server.effects.length).toBe(made.length);
  for (const one of tabs) {
    one.close();
  }
}

test("each change is carried out once and in order, whatever happens on the way", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), play), {
    numRuns: 150,
  });
});
