// What the server says about who is asking, asked anew each time that it matters.
import { ask, Unreachable } from "../api/client.ts";
import type { Session } from "./person.ts";

const PATIENCE_MS = 15_000;

/** Ask who is signed in, past every cache. Whatever is no such answer did not come from us. */
export async function session(): Promise<Session> {
  const { data } = await ask<Partial<Session> | null>("session", {
    isUrgent: true,
    timeoutMs: PATIENCE_MS,
  });
  if (typeof data?.authenticated !== "boolean" || typeof data.csrf !== "string") {
    throw new Unreachable();
  }
  return data as Session;
}
