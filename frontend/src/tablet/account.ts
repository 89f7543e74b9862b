// Signing in and out. In a chunk of its own: most days nobody does.
import { ask } from "../api/client.ts";
import { putAway, putOthersAway, unsettledCount } from "../offline/leave.ts";
import { forget, lastPerson, leaving, type Session, setLeaving } from "../offline/person.ts";
import { EXPLANATIONS, PREDICTIONS } from "../offline/rules.ts";
import { session } from "../offline/session.ts";
import type { Store } from "../offline/store.ts";
import { flush } from "../offline/sync.ts";
import { reach } from "./net.ts";

/** Sign in, and return what the server says then. Throws Refused if the password is wrong. */
export async function startSession(username: string, password: string): Promise<Session> {
  await setLeaving(null);
  const { csrf } = await session();
  const { data } = await reach<Session>("session", {
    method: "POST",
    body: { username, password },
    csrf,
    isUrgent: true,
  });
  return data;
}

/** Take somebody off this tablet, and off the server as soon as it can be reached. */
export async function leave(
  store: Store,
  how: "send" | "seal",
): Promise<{ isOut: boolean; left: number }> {
  if (how === "send") {
    await flush(store);
  }
  const left = await unsettledCount(store);
  if (how === "send" && left > 0) {
    return { isOut: false, left };
  }
  // First what must not be seen, then the server, which may be out of reach.
  const last = await lastPerson();
  const sessionEnds = last?.id === store.personId ? last.sessionEnds : null;
  await setLeaving({ id: store.personId, sessionEnds });
  await forget();
  await putAway(store);
  for (const { cacheName } of [PREDICTIONS, EXPLANATIONS]) {
    await globalThis.caches?.delete(cacheName);
  }
  await endSession().catch(() => undefined);
  await forget(); // an answer from before may have come in between
  return { isOut: true, left };
}

/** Tell the server that whoever left has left, unless somebody has signed in since. */
export async function endSession(): Promise<void> {
  const left = await leaving();
  const { user_id, session_expires_at, csrf } = await session();
  const isAnother = left?.sessionEnds != null && left.sessionEnds !== session_expires_at;
  if (left !== undefined && user_id === left.id && !isAnother) {
    await ask("session", { method: "DELETE", csrf, isUrgent: true });
  }
  await setLeaving(null);
}

/** Put away what others left here, and ask the browser to keep what comes now. */
export async function moveIn(personId: number): Promise<void> {
  await putOthersAway(personId);
  const storage = navigator.storage as StorageManager | undefined;
  if (storage?.persist !== undefined && !(await storage.persisted())) {
    await storage.persist();
  }
}
