// The service worker: what opens and what answers without a connection.
//
// It keeps the shell of the tablet, which holds nothing about anybody, and the last answers of the
// person who is signed in. It never keeps a page of the desk, a session or a write.
import { clientsClaim, type WorkboxPlugin } from "workbox-core";
import { ExpirationPlugin } from "workbox-expiration";
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  matchPrecache,
  precacheAndRoute,
} from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { CacheFirst, NetworkFirst, StaleWhileRevalidate } from "workbox-strategies";
import { Breaker } from "./breaker.ts";
import { forget, keyOf, lastPerson, remember, type Session } from "./person.ts";
import * as rules from "./rules.ts";

// vite.sw.config.ts puts in what Vite built; config/tablet.py what Django renders.
declare const PRECACHE: { url: string; revision: string | null }[];
declare const SHELL_REVISION: string;
declare const OFFLINE_REVISION: string;

interface Scope {
  skipWaiting(): Promise<void>;
  addEventListener(type: "message", listen: (event: { data: unknown }) => void): void;
  addEventListener(
    type: "fetch",
    listen: (event: { request: Request; waitUntil(what: Promise<unknown>): void }) => void,
  ): void;
}
const scope = self as unknown as Scope;

precacheAndRoute([
  ...PRECACHE,
  { url: rules.SHELL, revision: SHELL_REVISION },
  { url: rules.OFFLINE, revision: OFFLINE_REVISION },
]);
cleanupOutdatedCaches();
// The first worker serves the page that installed it. A later one waits until somebody agrees.
clientsClaim();
scope.addEventListener("message", ({ data }) => {
  if ((data as { type?: unknown } | null)?.type === "SKIP_WAITING") {
    void scope.skipWaiting();
  }
});

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

/** Read who is signed in from an answer of the session address. */
async function learn(response: Response): Promise<string | null> {
  const before = await known.catch(() => null);
  const person = await remember((await response.json()) as Session, new Date());
  const key = person === null ? null : keyOf(person);
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

scope.addEventListener("fetch", (event) => {
  if (event.request.method === "POST" && rules.isDoor(new URL(event.request.url))) {
    // No respondWith: a password goes straight to the server.
    known = Promise.resolve(null);
    event.waitUntil(Promise.all([forget(), dropAnswers()]));
  }
});

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && rules.isSession(url),
  async ({ request }) => {
    const response = await fetch(request, { cache: "no-store" });
    if (response.ok) {
      // Before the page hears of it, so that it never asks in one name and is answered in another.
      await learn(response.clone()).catch(() => undefined);
    }
    return response;
  },
);

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

function limited(limits: { maxEntries: number; maxAgeSeconds: number }): WorkboxPlugin {
  const { maxEntries, maxAgeSeconds } = limits;
  const plugin = new ExpirationPlugin({ maxEntries, maxAgeSeconds, purgeOnQuotaError: true });
  return plugin as WorkboxPlugin; // its own types are not written for exact optional properties
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

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && rules.isPrediction(url),
  (options) => {
    // "reload" is somebody who pressed Re-analyze: they want to wait.
    const spare = breaker.isOpen(Date.now()) && options.request.cache !== "reload";
    return (spare ? cacheFirst : networkFirst).handle(options);
  },
);

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && rules.isExplanation(url),
  new CacheFirst({
    cacheName: rules.EXPLANATIONS.cacheName,
    matchOptions: { ignoreVary: true },
    plugins: [stamp, limited(rules.EXPLANATIONS)],
  }),
);

registerRoute(
  ({ url, sameOrigin }) => sameOrigin && rules.isAsset(url),
  new StaleWhileRevalidate({
    cacheName: rules.ASSETS.cacheName,
    plugins: [
      { cacheWillUpdate: async ({ response }) => (response.status === 200 ? response : null) },
      limited(rules.ASSETS),
    ],
  }),
);

// Pages

registerRoute(
  new NavigationRoute(createHandlerBoundToURL(rules.SHELL), { allowlist: [/^\/tablet\//] }),
);

// Every other page comes from the server or not at all.
registerRoute(
  ({ url, request, sameOrigin }) =>
    sameOrigin && request.mode === "navigate" && !rules.isTablet(url),
  async ({ request }) => {
    try {
      return await fetch(request);
    } catch (error) {
      const page = await matchPrecache(rules.OFFLINE);
      if (page === undefined) {
        throw error;
      }
      return page;
    }
  },
);
