import { expect, test, vi } from "vitest";
import { Refused, Unreachable } from "../../api/client.ts";
import { currentNet, doubt, heard, onPoke, reach, setNet, verdict } from "../net.ts";

test("an answer in time means that there is a connection, and so does a refusal", () => {
  expect(verdict({ ms: 20 })).toBe("online");
  expect(verdict({ ms: 20, error: new Refused(403, {}) })).toBe("online");
});

test("an answer that took the patience of the worker means a slow one, kept or not", () => {
  expect(verdict({ ms: 4005, isCached: true })).toBe("slow");
  expect(verdict({ ms: 9000 })).toBe("slow");
  expect(verdict({ ms: 15_000, error: new Unreachable(true) })).toBe("slow");
});

test("a request that fails at once means none", () => {
  expect(verdict({ ms: 3, error: new Unreachable() })).toBe("offline");
});

test("a kept answer that came at once, or a request given up by us, says nothing", () => {
  expect(verdict({ ms: 3, isCached: true })).toBeNull();
  expect(verdict({ ms: 3, error: new DOMException("over", "AbortError") })).toBeNull();
});

test("coming back takes two answers in a row, or one that somebody asked for", () => {
  setNet("offline");
  heard("online");
  expect(currentNet()).toBe("offline");
  heard("offline");
  heard("online");
  expect(currentNet()).toBe("offline");
  heard("slow");
  expect(currentNet()).toBe("slow");
  setNet("offline");
  heard("online", true);
  expect(currentNet()).toBe("online");
});

test("a line that comes and goes does not make the screen flicker", () => {
  setNet("offline");
  const seen = new Set<string>();
  for (const one of ["online", "offline", "online", "offline", "offline", "online"] as const) {
    heard(one);
    seen.add(currentNet());
  }
  expect([...seen]).toEqual(["offline"]);
});

test("what fails beside it makes one good answer none", () => {
  setNet("offline");
  heard("online");
  doubt();
  heard("online");
  expect(currentNet()).toBe("offline");
  heard("online");
  expect(currentNet()).toBe("online");
});

test("while there is none, nothing that fails makes it a slow one", () => {
  setNet("offline");
  expect(verdict({ ms: 15_000, error: new Unreachable(true) })).toBe("offline");
  expect(verdict({ ms: 4005, isCached: true })).toBeNull();
  setNet("online");
});

test("each answer says in passing how far the server is, a kept one does not", async () => {
  const headers = { "Content-Type": "application/json", "X-Sync-Head": "17" };
  const heardOf: unknown[] = [];
  const stop = onPoke((poke) => heardOf.push(poke));
  const answer = (more: object) =>
    vi.stubGlobal("fetch", async () => new Response("{}", { headers: { ...headers, ...more } }));
  answer({ "X-Model-Version": "none" });
  await reach("session");
  answer({ "x-from-sw-cache": "1" });
  await reach("session");
  vi.unstubAllGlobals();
  stop();
  expect(heardOf).toEqual([{ head: 17, model: "none" }]);
});
