// Who uses the tablet: what the server says, or who it was when the server last said it.
import { useSyncExternalStore } from "react";
import { type Answer, type Options, Refused, Unreachable } from "../api/client.ts";
import { forget, lastPerson, type Person, remember, type Session } from "../offline/person.ts";
import { PATIENCE_S } from "../offline/rules.ts";
import { Store } from "../offline/store.ts";
import { currentNet, reach, setNet } from "./net.ts";

export type Who =
  | { state: "asking" }
  | { state: "nobody" }
  // No connection, and nobody has used this tablet with one.
  | { state: "unknown" }
  | { state: "known"; person: Person; store: Store; isConfirmed: boolean; csrf: string };

export type Known = Extract<Who, { state: "known" }>;

const ASK_AGAIN_MS = 15_000;

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

/** Keep asking: at once when something suggests that the answer changed, and while there is none. */
export function keepAsking(): void {
  void askWho();
  window.addEventListener("online", () => void askWho());
  window.addEventListener("offline", () => setNet("offline"));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      void askWho();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      void askWho();
    }
  });
  window.setInterval(() => {
    if (document.visibilityState === "visible" && currentNet() !== "online") {
      void askWho();
    }
  }, ASK_AGAIN_MS);
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
