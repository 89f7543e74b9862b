// The service worker: what opens and what answers without a connection.
//
// It keeps the shell of the tablet, which holds nothing about anybody, and the last answers of the
// person who is signed in. It never keeps a page of the desk, a session or a write. When the browser
// wakes it up, it sends what waits on the tablet.
import { clientsClaim, registerQuotaErrorCallback } from "workbox-core";
import type { WorkboxPlugin } from "workbox-core/types.js";
import { CacheFirst, NetworkFirst, StaleWhileRevalidate } from "workbox-strategies";
import { Breaker } from "./breaker.ts";
import { Database } from "./database.ts";
import { type Part, Parts } from "./parts.ts";
import { forget, isLeaving, keyOf, lastPerson, remember, type Session } from "./person.ts";
import * as rules from "./rules.ts";
import { flush } from "./sync.ts";

// vite.sw.config.ts puts in what Vite built; config/tablet.py what Django renders.
declare const PRECACHE: readonly Part[];
declare const registration: ServiceWorkerRegistration;
declare const SHELL_REVISION: string;
declare const OFFLINE_REVISION: string;

/** An event that may take longer than its listener. */
interface Lasting extends Event {
  waitUntil(what: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Scope {
  skipWaiting(): Promise<void>;
  addEventListener(type: "message", listen: (event: { data: unknown }) => void): void;
  addEventListener(type: "install" | "activate", listen: (event: Lasting) => void): void;
  addEventListener(type: "sync", listen: (event: Lasting & { tag: string }) => void): void;
  addEventListener(type: "fetch", listen: (event: Fetching) => void): void;
}
const scope = self as unknown as Scope;

const parts = new Parts(
  `workbox-precache-v2-${registration.scope}`,
  [
    ...PRECACHE,
    { url: rules.SHELL, revision: SHELL_REVISION },
    { url: rules.OFFLINE, revision: OFFLINE_REVISION },
  ],
  location.href,
);
scope.addEventListener("install", (event) => {
  // An open page of the version before may still ask for a part of that.
  event.waitUntil(Promise.all([parts.install(), parts.setAside(rules.OLDER)]));
});
scope.addEventListener("activate", (event) => event.waitUntil(parts.activate()));
// The first worker serves the page that installed it. A later one waits until somebody agrees.
clientsClaim();
scope.addEventListener("message", ({ data }) => {
  if ((data as { type?: unknown } | null)?.type === "SKIP_WAITING") {
    void scope.skipWaiting();
  }
});

// The connection is back, and perhaps no page is open.
scope.addEventListener("sync", (event) => {
  if (event.tag === rules.WAKE_UP) {
    event.waitUntil(sendWhatWaits());
  }
});

/** Send in the name of whoever used the tablet last. What fails is tried again by the browser. */
async function sendWhatWaits(): Promise<void> {
  const person = await lastPerson();
  if (person === undefined || (await isLeaving())) {
    return;
  }
  const database = new Database(person.id);
  try {
    const { state } = await flush(database);
    // Nor does it wait for a page that is sending: a new version could not take over meanwhile.
    if (state !== "done" && state !== "auth") {
      throw new Error(state);
    }
  } finally {
    database.close();
  }
}

// Whose answers these are
//
// A kept answer carries the person it was given to and is shown to no other: `stamp` compares the
// two at every use. Kept answers are dropped as soon as the server names somebody else, and when
// anybody signs in or out in this browser, on whichever page.

const PERSON = "x-sw-person";
const CACHED_AT = "x-sw-cached-at";
const MODEL = "x-sw-model";

async function dropAnswers(): Promise<void> {
  await Promise.all(
    [rules.PREDICTIONS, rules.EXPLANATIONS].map((one) => caches.delete(one.cacheName)),
  );
}

let known: Promise<string | null> = lastPerson().then((person) => (person ? keyOf(person) : null));

/**
 * Read who is signed in from an answer of the session address. A session that ended by itself
 * changes nothing: whoever works here goes on with what is kept.
 */
async function learn(response: Response): Promise<string | null> {
  const last = await lastPerson();
  const before = last ? keyOf(last) : null;
  const person = await remember((await response.json()) as Session, new Date());
  const key = person === null ? before : keyOf(person);
  known = Promise.resolve(key);
  if (key !== before) {
    await dropAnswers();
  }
  return key;
}

/** Return who is signed in; ask the server if somebody signed in or out since it last said. */
async function whoAsks(): Promise<string | null> {
  const key = await known.catch(() => null);
  if (key !== null) {
    return key;
  }
  try {
    const response = await fetch(rules.SESSION, { headers: { Accept: "application/json" } });
    return response.ok ? await learn(response) : null;
  } catch {
    return null;
  }
}

/** Somebody signs in or out: until the server says who that was, nobody is answered from here. */
function passDoor(event: Fetching, url: URL): void {
  // No respondWith: a password goes straight to the server.
  if (event.request.method === "POST" && rules.isDoor(url)) {
    known = Promise.resolve(null);
    event.waitUntil(Promise.all([forget(), dropAnswers()]));
  } else if (rules.isSession(url)) {
    // The tablet's own door: the page says itself who has to be forgotten.
    known = Promise.resolve(null);
  }
}

async function askSession(request: Request): Promise<Response> {
  const response = await fetch(request, { cache: "no-store" });
  if (response.ok) {
    // Before the page hears of it, so that it never asks in one name and is answered in another.
    await learn(response.clone()).catch(() => undefined);
  }
  return response;
}

// The last answers

const breaker = new Breaker();

function isOurs(response: Response): boolean {
  // A captive portal answers 200 with a page of its own, or sends us elsewhere.
  const type = response.headers.get("Content-Type") ?? "";
  return response.status === 200 && !response.redirected && type.startsWith("application/json");
}

function withHeaders(response: Response, headers: Record<string, string | null>): Response {
  const changed = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) {
      changed.delete(name);
    } else {
      changed.set(name, value);
    }
  }
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers: changed });
}

async function modelOf(response: Response): Promise<string> {
  const answer = (await response.json()) as { decision_path?: string; model?: string | null };
  return `${answer.decision_path ?? ""} ${answer.model ?? ""}`;
}

const stamp: WorkboxPlugin = {
  requestWillFetch: async ({ request, state }) => {
    if (state) {
      state.person = await whoAsks();
    }
    return request;
  },
  cacheWillUpdate: async ({ response, state }) => {
    const person: unknown = state?.person;
    if (!isOurs(response) || typeof person !== "string" || person !== (await known)) {
      return null;
    }
    return withHeaders(response, {
      [CACHED_AT]: new Date().toISOString(),
      [PERSON]: person,
      [MODEL]: await modelOf(response.clone()),
    });
  },
  cachedResponseWillBeUsed: async ({ cachedResponse }) => {
    if (!cachedResponse || cachedResponse.headers.get(PERSON) !== (await known)) {
      return null;
    }
    return withHeaders(cachedResponse, { "x-from-sw-cache": "1", [PERSON]: null, [MODEL]: null });
  },
};

/** Notice how long the network takes. What else is asked later profits. */
const patience: WorkboxPlugin = {
  handlerWillStart: async ({ state }) => {
    if (state) {
      state.begun = Date.now();
    }
  },
  fetchDidSucceed: async ({ response, state }) => {
    if (Date.now() - Number(state?.begun) < rules.PATIENCE_S * 1000) {
      breaker.answered();
    }
    return response;
  },
  // Called with nothing, too, when the time is up and nothing is kept.
  cachedResponseWillBeUsed: async ({ cachedResponse, state }) => {
    const now = Date.now();
    if (now - Number(state?.begun) >= rules.PATIENCE_S * 1000) {
      breaker.timedOut(now);
    }
    return cachedResponse;
  },
};

/**
 * Drop what an older model said, once a newer one answers in its place.
 *
 * Only answers of the same path are compared: the live model and the canary answer side by side.
 */
const oneModel: WorkboxPlugin = {
  cacheDidUpdate: async ({ cacheName, newResponse }) => {
    const fresh = newResponse.headers.get(MODEL) ?? "";
    const [path] = fresh.split(" ");
    const cache = await caches.open(cacheName);
    for (const request of await cache.keys()) {
      const kept = (await cache.match(request, { ignoreVary: true }))?.headers.get(MODEL);
      if (kept && kept !== fresh && kept.split(" ")[0] === path) {
        await cache.delete(request, { ignoreVary: true });
      }
    }
  },
};

/** Keep the last answers that came, and none that is too old. */
function limited(limits: typeof rules.PREDICTIONS): WorkboxPlugin {
  const { cacheName, maxEntries, maxAgeSeconds } = limits;
  registerQuotaErrorCallback(() => caches.delete(cacheName));
  const isOld = ({ headers }: Response) => {
    const at = Date.parse(headers.get(CACHED_AT) ?? headers.get("Date") ?? "");
    return Date.now() - at > maxAgeSeconds * 1000;
  };
  return {
    cachedResponseWillBeUsed: async ({ cachedResponse }) =>
      cachedResponse && !isOld(cachedResponse) ? cachedResponse : null,
    cacheDidUpdate: async () => {
      const cache = await caches.open(cacheName);
      // In the order in which they were last written.
      const kept = await cache.keys();
      for (const [place, request] of kept.entries()) {
        const response = await cache.match(request, { ignoreVary: true });
        if (place < kept.length - maxEntries || (response !== undefined && isOld(response))) {
          await cache.delete(request, { ignoreVary: true });
        }
      }
    },
  };
}

const predictions = {
  cacheName: rules.PREDICTIONS.cacheName,
  matchOptions: { ignoreVary: true },
  // Chromium lets a request wait for an earlier one of the same address that its own cache might
  // profit from: one that hangs would hold up all that follow.
  fetchOptions: { cache: "no-store" } as const,
};
const limitPredictions = limited(rules.PREDICTIONS);
const networkFirst = new NetworkFirst({
  ...predictions,
  networkTimeoutSeconds: rules.PATIENCE_S,
  plugins: [patience, stamp, oneModel, limitPredictions],
});
const cacheFirst = new CacheFirst({ ...predictions, plugins: [stamp, oneModel, limitPredictions] });

const explanations = new CacheFirst({
  cacheName: rules.EXPLANATIONS.cacheName,
  matchOptions: { ignoreVary: true },
  plugins: [stamp, limited(rules.EXPLANATIONS)],
});
const assets = new StaleWhileRevalidate({
  cacheName: rules.ASSETS.cacheName,
  plugins: [
    { cacheWillUpdate: async ({ response }) => (response.status === 200 ? response : null) },
    limited(rules.ASSETS),
  ],
});

// Who answers what

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) {
    return;
  }
  if (request.method !== "GET") {
    passDoor(event, url);
    return;
  }
  const answer = answerOf(event, url);
  if (answer !== null) {
    event.respondWith(answer);
  }
});

/** Return the answer to a request, null to leave it to the browser. */
function answerOf(event: Fetching, url: URL): Promise<Response> | null {
  const { request } = event;
  if (rules.isSession(url)) {
    return askSession(request);
  }
  if (rules.isPrediction(url)) {
    // "reload" is somebody who pressed Re-analyze: they want to wait.
    const spare = breaker.isOpen(Date.now()) && request.cache !== "reload";
    return (spare ? cacheFirst : networkFirst).handle({ event, request });
  }
  if (rules.isExplanation(url)) {
    return explanations.handle({ event, request });
  }
  if (request.mode === "navigate") {
    return rules.isTablet(url) ? ours(new URL(rules.SHELL, url).href) : page(request);
  }
  if (parts.has(url.href)) {
    return ours(url.href);
  }
  return rules.isAsset(url) ? asset(event) : null;
}

/** Answer with what this version is made of, or fetch it if the browser has thrown it away. */
async function ours(url: string): Promise<Response> {
  return (await parts.match(url)) ?? fetch(url);
}

async function asset(event: Fetching): Promise<Response> {
  const older = await caches.match(event.request, { cacheName: rules.OLDER });
  return older ?? assets.handle({ event, request: event.request });
}

/** Every page beside the tablet comes from the server or not at all. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const instead = await parts.match(new URL(rules.OFFLINE, location.href).href);
    if (instead === undefined) {
      throw error;
    }
    return instead;
  }
}
