import { beforeEach, expect, test, vi } from "vitest";
import { Parts } from "../parts.ts";

const BASE = "https://shelf.example/sw.js";
let kept: Map<string, Map<string, Response>>;
let asked: string[];
let missing: string;

/** The Cache API, as far as it matters here. */
function cache(name: string) {
  const entries = kept.get(name) ?? new Map<string, Response>();
  kept.set(name, entries);
  const key = (request: string | Request) => (typeof request === "string" ? request : request.url);
  return {
    match: async (request: string | Request) => entries.get(key(request))?.clone(),
    put: async (request: string | Request, response: Response) =>
      void entries.set(key(request), response),
    keys: async () => [...entries.keys()].map((url) => new Request(url)),
    delete: async (request: string | Request) => entries.delete(key(request)),
  };
}

beforeEach(() => {
  kept = new Map();
  asked = [];
  missing = "";
  vi.stubGlobal("caches", {
    open: async (name: string) => cache(name),
    delete: async (name: string) => kept.delete(name),
    match: async (url: string, { cacheName }: { cacheName: string }) => cache(cacheName).match(url),
  });
  vi.stubGlobal("fetch", async (url: string, { cache: mode }: RequestInit) => {
    asked.push(`${mode} ${new URL(url).pathname}`);
    return new Response(url, { status: url.endsWith(missing || "\n") ? 404 : 200 });
  });
  return () => vi.unstubAllGlobals();
});

const version = (...parts: [string, string | null][]) =>
  new Parts(
    "parts",
    parts.map(([url, revision]) => ({ url, revision })),
    BASE,
  );
const at = (path: string) => new URL(path, BASE).href;
const names = (name: string) => [...(kept.get(name)?.keys() ?? [])].map((url) => url.slice(21));

test("everything is fetched once, and a page anew whenever it is another one", async () => {
  await version(["/s/a.js", null], ["/tablet/", "one"]).install();
  expect(asked).toEqual(["default /s/a.js", "reload /tablet/"]);
  const next = version(["/s/a.js", null], ["/tablet/", "two"]);
  await next.install();
  expect(asked.slice(2)).toEqual(["reload /tablet/"]);
  expect(await (await next.match(at("/tablet/")))?.text()).toBe(at("/tablet/"));
  expect(next.has(at("/s/a.js"))).toBe(true);
  expect(next.has(at("/s/b.js"))).toBe(false);
});

test("a version of which something is missing is not installed", async () => {
  missing = "b.js";
  await expect(version(["/s/a.js", null], ["/s/b.js", null]).install()).rejects.toThrow("404");
});

test("the old version works until the new one takes over, and its parts still after that", async () => {
  const old = version(["/s/a.js", null], ["/s/b.js", null], ["/tablet/", "one"]);
  await old.install();
  const next = version(["/s/a.js", null], ["/s/c.js", null], ["/tablet/", "two"]);
  await Promise.all([next.install(), next.setAside("older")]);
  expect(await old.match(at("/s/b.js"))).toBeDefined();
  await next.activate();
  expect(names("parts")).toEqual(["/s/a.js", "/s/c.js", "/tablet/?__WB_REVISION__=two"]);
  // The page of the old version is not kept: the shell is always that of the version in charge.
  expect(names("older")).toEqual(["/s/b.js"]);
  const last = version(["/s/c.js", null]);
  await Promise.all([last.install(), last.setAside("older")]);
  expect(names("older")).toEqual(["/s/a.js"]);
});
