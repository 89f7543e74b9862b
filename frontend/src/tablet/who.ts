// Who uses the tablet: what the server says, or who it was when the server last said it.
import { useSyncExternalStore } from "react";
import { type Answer, type Options, Refused, Unreachable } from "../api/client.ts";
import {
  forget,
  isLeaving,
  lastPerson,
  type Person,
  remember,
  type Sealed,
  type Session,
  sealedHere,
} from "../offline/person.ts";
import { PATIENCE_S } from "../offline/rules.ts";
import { Store } from "../offline/store.ts";
import { loadWitness } from "./loadWitness.ts";
import { currentNet, onNet, reach, setNet } from "./net.ts";

export type Who =
  | { state: "asking" }
  /** `sealed`: who left changes here that wait for them. */
  | { state: "nobody"; sealed: readonly Sealed[] }
  // No connection, and nobody has used this tablet with one.
  | { state: "unknown"; sealed: readonly Sealed[] }
  | {
      state: "known";
      person: Person;
      store: Store;
      /** Whether the server has just said so. */
      isConfirmed: boolean;
      /** The session has ended: work goes on, and is sent after the next sign-in. */
      needsSignIn: boolean;
      csrf: string;
    };

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

function known(person: Person, more: Pick<Known, "isConfirmed" | "needsSignIn" | "csrf">): void {
  const store =
    who.state === "known" && who.person.id === person.id ? who.store : new Store(person.id);
  become({ state: "known", person, store, ...more });
}

async function nobody(state: "nobody" | "unknown"): Promise<void> {
  become({ state, sealed: await sealedHere() });
}

export const currentWho = (): Who => who;

export function onWho(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useWho(): Who {
  return useSyncExternalStore(onWho, currentWho);
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
    if (await isLeaving()) {
      await (await import("./account.ts")).endSession();
    }
    const { data } = await reach<Session>("session", { timeoutMs: PATIENCE_S * 1000 });
    await confirm(data);
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
      await nobody("unknown");
    } else {
      known(last, { isConfirmed: false, needsSignIn: false, csrf: "" });
    }
  }
}

/** Take in what the server said about who is asking. */
async function confirm(told: Session): Promise<void> {
  const person = await remember(told, new Date());
  if (person !== null) {
    const before = who.state === "known" ? who.person.id : null;
    known(person, { isConfirmed: true, needsSignIn: false, csrf: told.csrf });
    if (before !== person.id) {
      void settleIn(person.id);
    }
    return;
  }
  // Without https nobody looks after sign-outs on other pages, so that nobody is trusted to stay.
  const last = window.isSecureContext ? await lastPerson() : undefined;
  if (last === undefined) {
    await forget();
    await nobody("nobody");
  } else {
    known(last, { isConfirmed: false, needsSignIn: true, csrf: told.csrf });
  }
}

/** Put away what others left here, once it is sure who works here now. */
async function settleIn(personId: number): Promise<void> {
  try {
    const { moveIn } = await import("./account.ts");
    await moveIn(personId);
  } catch (error) {
    if (!(error instanceof TypeError)) {
      throw error;
    }
    // The chunk did not arrive; the next start puts it away.
  }
}

/** The server is there: let it prove that its log is what it was. Nothing waits for it. */
async function checkLog(): Promise<void> {
  const store = who.state === "known" && who.isConfirmed ? who.store : null;
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

/** Sign in without leaving the screen. Throws Refused with a sentence if the password is wrong. */
export async function signIn(username: string, password: string): Promise<void> {
  const { startSession } = await import("./account.ts");
  await confirm(await startSession(username, password));
}

/**
 * Leave the tablet. `send`: only when the server has everything; otherwise nobody leaves, and
 * `left` says how much waits. `seal`: what waits stays here for this person.
 */
export async function signOut(how: "send" | "seal"): Promise<{ isOut: boolean; left: number }> {
  if (who.state !== "known") {
    return { isOut: true, left: 0 };
  }
  const { leave } = await import("./account.ts");
  const told = await leave(who.store, how);
  if (told.isOut) {
    await nobody("nobody");
  }
  return told;
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
