import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { Request, Response } from "../worker.ts";

const FOLDER = new URL("../vectors/", import.meta.url);
const MODEL = new Uint8Array(readFileSync(new URL("tiny.safetensors", FOLDER)));
const { sha256, answers } = JSON.parse(readFileSync(new URL("vectors.json", FOLDER), "utf8"));

const answered: Response[] = [];
let listener: (event: { data: Request }) => Promise<void> = async () => {};
vi.stubGlobal("postMessage", (response: Response) => answered.push(response));
vi.stubGlobal("addEventListener", (_: string, found: typeof listener) => {
  listener = found;
});
await import("../worker.ts");

async function ask(request: Request): Promise<Response | undefined> {
  await listener({ data: request });
  return answered.pop();
}

test("products before a model are answered by what to do", async () => {
  const response = await ask({ id: 1, products: [{}] });
  expect(response).toEqual({ id: 1, error: "send a model first" });
});

test("a model is loaded, then asked, and says what it cannot read", async () => {
  expect(await ask({ id: 2, model: MODEL, sha256 })).toEqual({ id: 2, loaded: sha256 });
  const { product, answer } = answers[4];
  expect(await ask({ id: 3, products: [product] })).toEqual({ id: 3, answers: [answer] });
  const { suggestions } = answer;
  expect(await ask({ id: 4, products: [product], top: 1 })).toMatchObject({
    answers: [{ suggestions: suggestions.slice(0, 1) }],
  });
  const response = await ask({ id: 5, products: [{ name: 1 }] });
  expect(response).toEqual({ id: 5, error: "name: must be text" });
});

test("products sent right behind a model wait for it", async () => {
  const { product, answer } = answers[4];
  const [loaded, response] = [
    listener({ data: { id: 6, model: MODEL, sha256 } }),
    listener({ data: { id: 7, products: [product] } }),
  ];
  await Promise.all([loaded, response]);
  expect(answered.splice(0)).toContainEqual({ id: 7, answers: [answer] });
});

test("a model that is refused is not asked", async () => {
  const refused = await ask({ id: 8, model: MODEL.subarray(1), sha256 });
  expect(refused).toMatchObject({ id: 8, error: expect.stringContaining(sha256) });
  expect(await ask({ id: 9, products: [{}] })).toMatchObject({ id: 9, error: expect.any(String) });
});

test("a model that answers its test questions otherwise is not asked", async () => {
  const vectors = [4, 5, 6].map((at) => ({ ...answers[at], top: 5 }));
  expect(await ask({ id: 10, model: MODEL, sha256, vectors })).toEqual({ id: 10, loaded: sha256 });
  const [{ answer }] = vectors as [(typeof vectors)[0]];
  const [best, ...others] = answer.suggestions;
  for (const wrong of [
    { ...answer, matched: answer.matched + 1 },
    { ...answer, suggestions: others },
    { ...answer, suggestions: [{ ...best, score: best.score + 1 }, ...others] },
    { ...answer, suggestions: [{ ...best, confidence_ppm: 1 }, ...others] },
    { ...answer, suggestions: [{ ...best, label: "Boats" }, ...others] },
  ]) {
    const changed = [...vectors.slice(1), { ...vectors[0], answer: wrong }] as typeof vectors;
    expect(await ask({ id: 11, model: MODEL, sha256, vectors: changed })).toEqual({
      id: 11,
      error: "it answers test question 3 otherwise than the server",
    });
    expect(await ask({ id: 12, products: [{}] })).toMatchObject({ error: expect.any(String) });
  }
});

test("it says why, for the best label and for another one", async () => {
  await ask({ id: 13, model: MODEL, sha256 });
  const product = { name: "cordless drill 18V" };
  const drill = await ask({ id: 14, explain: product });
  expect(drill).toMatchObject({ explanation: { label: "Tools > Drills" } });
  const hammer = await ask({ id: 15, explain: product, label: "Tools > Hammers" });
  expect(hammer).toMatchObject({ explanation: { label: "Tools > Hammers" } });
  const boat = await ask({ id: 16, explain: product, label: "Boats" });
  expect(boat).toEqual({ id: 16, error: 'the model has no label "Boats"' });
});
