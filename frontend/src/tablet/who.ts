// Who uses the tablet: what the server says, or who it was when the server last said it.
import { useSyncExternalStore } from "react";
import { type Answer, type Options, Refused, Unreachable } from "../api/client.ts";
import { forget, lastPerson, type Person, remember, type Session } from "../offline/person.ts";
import { PATIENCE_S } from "../offline/rules.ts";
import { Store } from "../offline/store.ts";
import { loadWitness } from "./loadWitness.ts";
import { currentNet, onNet, reach, setNet } from "./net.ts";

export type Who =
  | { state: "asking" }
  | { state: "nobody" }
  // No connection, and nobody has used this tablet with one.
  | { state: "unknown" }
  | { state: "known"; person: Person; store: Store; isConfirmed: boolean; csrf: string };

export type Known = Extract<Who, { state: "known" }>;

// Without an answer, the pauses grow from the first to the second.
const SOON_MS = 1_000;
const LATER_MS = 15_000;

let who: Who = { state: "asking" };
const listeners = new Set<() => void>();

function become(next: Who): void {
  if (who.state === "known" && (next.state !== "known" || next.store !== who.store)) {
    who.store.close();
  }
  who = next;
  for (const listener of listeners) {
    listener();
  }
}

function known(person: Person, isConfirmed: boolean, csrf: string): void {
  const store =
    who.state === "known" && who.person.id === person.id ? who.store : new Store(person.id);
  become({ state: "known", person, store, isConfirmed, csrf });
}

export function useWho(): Who {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => who,
  );
}

export function may(person: Person, permission: string): boolean {
  return person.permissions.includes(permission);
}

let asking: Promise<void> | null = null;

/** Ask the server who is signed in. Without an answer, it is whoever it was. */
export function askWho(): Promise<void> {
  asking ??= askOnce().finally(() => {
    asking = null;
  });
  return asking;
}

async function askOnce(): Promise<void> {
  try {
    const { data } = await reach<Session>("session", { timeoutMs: PATIENCE_S * 1000 });
    const person = await remember(data, new Date());
    if (person === null) {
      become({ state: "nobody" });
    } else {
      known(person, true, data.csrf);
    }
    void checkLog();
  } catch (error) {
    if (!(error instanceof Unreachable)) {
      // The server is in trouble, and says nothing about who is asking.
      setNet("slow");
    }
    if (who.state === "known") {
      become({ ...who, isConfirmed: false });
      return;
    }
    const last = await lastPerson();
    if (last === undefined) {
      become({ state: "unknown" });
    } else {
      known(last, false, "");
    }
  }
}

/** The server is there: let it prove that its log is what it was. Nothing waits for it. */
async function checkLog(): Promise<void> {
  const store = who.state === "known" ? who.store : null;
  try {
    const { sync } = await loadWitness();
    await sync(store && (() => store.modelHeld()));
  } catch {
    // The chunk or the answer did not arrive; the next meeting is soon.
  }
}

/** Keep asking: when something suggests that the answer changed, and while there is none. */
export function keepAsking(): void {
  let pause = SOON_MS;
  let timer: number | undefined;
  const check = () => {
    window.clearTimeout(timer);
    if (currentNet() === "online") {
      pause = SOON_MS;
      return;
    }
    timer = window.setTimeout(() => {
      pause = Math.min(pause * 2, LATER_MS);
      void (document.visibilityState === "visible" ? askWho() : Promise.resolve()).finally(check);
    }, pause);
  };
  const now = () => {
    // A network that has just come back often fails the first request: the next comes soon.
    pause = SOON_MS;
    void askWho().finally(check);
  };
  now();
  onNet(check);
  window.addEventListener("online", now);
  window.addEventListener("offline", () => setNet("offline"));
  window.addEventListener("pageshow", (event) => event.persisted && now());
  document.addEventListener(
    "visibilitychange",
    () => document.visibilityState === "visible" && now(),
  );
}

/** Take what belongs to this person off the tablet, before they sign out. */
export async function clearAway(leaving: Known): Promise<void> {
  await forget();
  leaving.store.close();
  await new Promise<void>((resolve) => {
    const request = window.indexedDB.deleteDatabase(leaving.store.name);
    // Another tab that holds the database closes it when asked; either way they may go.
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}

/** Ask the API as whoever is signed in; find out who that is when the server does not know. */
export async function request<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  try {
    return await reach<T>(path, options);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) {
      void askWho();
    }
    throw error;
  }
}
