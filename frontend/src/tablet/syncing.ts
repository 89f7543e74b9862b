// When this page sends and reads: after each change, when somebody comes back, when the server has
// news, and from time to time. How it is done is in offline/sync.ts and offline/pull.ts.
import { useSyncExternalStore } from "react";
import type { Touched } from "../offline/database.ts";
import { WAKE_UP } from "../offline/rules.ts";
import type { Store } from "../offline/store.ts";
import type { Flushed } from "../offline/sync.ts";
import { hearModel } from "./loadModel.ts";
import { doubt, onPoke, type Poke } from "./net.ts";
import { askWho, currentWho, type Known, may, onWho } from "./who.ts";

export interface Syncing {
  isSending: boolean;
  isPulling: boolean;
  /** While the catalogue is read: how much has come, and how much there was before (0: unknown). */
  progress: { done: number; total: number } | null;
  /** Why the last attempt did not do everything, in a sentence. */
  lastError: string | null;
  needsSignIn: boolean;
}

/** What made us send. */
type Why = "enqueue" | "start" | "back" | "timer" | "tap";

const PAUSES_MS = [1_000, 2_000, 5_000, 15_000, 60_000];
const BUSY_MS = 1_000;
const OFTEN_MS = 30_000;
const WORDS: Partial<Record<Flushed["state"], string>> = {
  unreachable: "The server cannot be reached. What waits is sent as soon as it can be.",
  later: "The server could not take everything. What waits is sent again soon.",
};

let state: Syncing = {
  isSending: false,
  isPulling: false,
  progress: null,
  lastError: null,
  needsSignIn: false,
};
const listeners = new Set<() => void>();

function become(next: Partial<Syncing>): void {
  state = { ...state, ...next };
  for (const listener of listeners) {
    listener();
  }
}

export function useSyncing(): Syncing {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

// In a chunk of its own: the screens do not wait for it.
const loadSync = () => import("../offline/sync.ts");

let following: Store | null = null;
let wasConfirmed = false;
let stopFollowing = () => {};
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Begin to send and to read, for whoever uses the tablet. */
export function startSyncing(): void {
  onWho(follow);
  onPoke(hear);
  const back = () => document.visibilityState === "visible" && look("back");
  document.addEventListener("visibilitychange", back);
  window.addEventListener("focus", back);
  window.addEventListener("pageshow", back);
  window.addEventListener("online", back);
  setInterval(() => {
    if (document.visibilityState === "visible" && currentWho().state === "known") {
      void askWho(); // its answer says what is new
      look("timer");
    }
  }, OFTEN_MS);
  follow();
}

/** Send what waits at once, because somebody asked for it. */
export function sendNow(): Promise<Flushed> {
  failures = 0;
  return send("tap");
}

/** Read what the server has to say at once, because somebody asked for it. */
export async function readNow(): Promise<void> {
  await askWho();
  await read();
}

function follow(): void {
  const who = currentWho();
  const store = who.state === "known" ? who.store : null;
  const isConfirmed = who.state === "known" && who.isConfirmed;
  const needsSignIn = who.state === "known" && who.needsSignIn;
  const isNews = store !== following || (isConfirmed && !wasConfirmed);
  wasConfirmed = isConfirmed;
  if (store !== following) {
    stopFollowing();
    following = store;
    stopFollowing = store?.subscribe((touched) => void heardOf(store, touched)) ?? (() => {});
    clearTimeout(timer);
    failures = 0;
  }
  if (needsSignIn !== state.needsSignIn) {
    become({ needsSignIn });
  }
  if (isNews && store !== null && !needsSignIn) {
    failures = 0; // whoever has just signed in waits for nothing
    look("start");
    void read();
  }
  followModel();
}

async function heardOf(store: Store, { made }: Touched): Promise<void> {
  if (made) {
    await wakeUp();
    if (store === following) {
      look("enqueue");
    }
  }
}

/** Let the worker send what waits, even when no page is open. Not every browser can. */
async function wakeUp(): Promise<void> {
  const workers = (navigator as Partial<Navigator>).serviceWorker;
  const found = (await workers?.getRegistration()) as
    | { sync?: { register(tag: string): Promise<void> } }
    | undefined;
  // Forbidden in private windows, for example; then the page has to be open.
  await found?.sync?.register(WAKE_UP).catch(() => undefined);
}

function look(why: Why): void {
  if (why === "enqueue" || why === "back" || failures === 0) {
    void send(why);
  }
}

let sending: Promise<Flushed> | null = null;
let isWanted = false;

function send(why: Why): Promise<Flushed> {
  if (sending !== null) {
    isWanted ||= why === "enqueue" || why === "tap";
    return sending;
  }
  sending = sendOnce().finally(() => {
    sending = null;
    if (isWanted) {
      isWanted = false;
      void send("enqueue");
    }
  });
  return sending;
}

async function sendOnce(): Promise<Flushed> {
  const store = following;
  if (store === null) {
    return { state: "auth", sent: 0, left: 0 };
  }
  clearTimeout(timer);
  const { waiting } = await store.counts();
  if (waiting === 0) {
    become({ lastError: null });
    return { state: "done", sent: 0, left: 0 };
  }
  become({ isSending: true });
  try {
    const { flush } = await loadSync();
    const told = await flush(store);
    if (store === following) {
      settle(told);
    }
    return told;
  } finally {
    become({ isSending: false });
  }
}

/** See when to try again, and what else there is to do. */
function settle(told: Flushed): void {
  const { state, sent, head = 0, pauseMs = 0 } = told;
  become({ lastError: WORDS[state] ?? null });
  if (state === "auth" || state === "unreachable") {
    doubt();
    void askWho();
  }
  if (state === "done") {
    failures = 0;
  } else if (state === "busy") {
    again(BUSY_MS);
  } else if (state !== "auth") {
    const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] as number;
    failures += 1;
    // Not all tablets at the same moment.
    again(Math.max(pauseMs, pause * (0.75 + Math.random() / 2)));
  }
  if (sent > 0 || head > 0) {
    void read();
  }
}

function again(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void send("timer"), ms);
}

// What the server said last: the first time it says it before anybody knows who is asking.
let live: string | null = null;

async function hear({ head, model }: Poke): Promise<void> {
  live = model ?? live;
  const who = currentWho();
  if (who.state !== "known" || !who.isConfirmed) {
    return;
  }
  followModel();
  if (head !== null && (await who.store.mirror()).head < head) {
    void read();
  }
}

function followModel(): void {
  const who = currentWho();
  const isConfirmed = who.state === "known" && who.isConfirmed;
  if (live !== null && isConfirmed && may(who.person, "predictions.add_prediction")) {
    hearModel(live);
  }
}

let reading: Promise<void> | null = null;
let isReadWanted = false;

/** Read what the server has to say. */
function read(): Promise<void> {
  if (reading !== null) {
    isReadWanted = true;
    return reading;
  }
  reading = readOnce().finally(() => {
    reading = null;
    if (isReadWanted) {
      isReadWanted = false;
      void read();
    }
  });
  return reading;
}

async function readOnce(): Promise<void> {
  const who = currentWho();
  if (who.state !== "known" || !who.isConfirmed || !mayRead(who)) {
    return;
  }
  const { store } = who;
  const { isComplete } = await store.mirror();
  const total = isComplete ? 0 : await store.count();
  const onPage = (done: number) => isComplete || become({ progress: { done, total } });
  become({ isPulling: true });
  try {
    const { pull } = await loadSync();
    const { state } = await pull(store, onPage);
    if (state === "auth" || state === "unreachable") {
      doubt();
      void askWho();
    }
  } catch (error) {
    if (!(error instanceof TypeError)) {
      throw error;
    }
    // The chunk that reads did not arrive; the next occasion is soon.
  } finally {
    become({ isPulling: false, progress: null });
  }
}

function mayRead({ person }: Known): boolean {
  return may(person, "inventory.view_product");
}
