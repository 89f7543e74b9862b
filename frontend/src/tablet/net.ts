// How the connection is, as the last requests found it. navigator.onLine only knows whether there
// is a network, not whether it leads anywhere.
import { useSyncExternalStore } from "react";
import { type Answer, ask, type Options, Refused, Unreachable } from "../api/client.ts";
import { PATIENCE_S } from "../offline/rules.ts";

export type Net = "asking" | "online" | "slow" | "offline";

const SLOW_MS = PATIENCE_S * 1000 - 200;

let net: Net = "asking";
const listeners = new Set<() => void>();

export function setNet(next: Net): void {
  if (next !== net) {
    net = next;
    for (const listener of listeners) {
      listener();
    }
  }
}

export function onNet(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const currentNet = (): Net => net;

export function useNet(): Net {
  return useSyncExternalStore(onNet, currentNet);
}

/** Say what one request tells about the connection; null: nothing. */
export function verdict(outcome: {
  ms: number;
  isCached?: boolean;
  error?: unknown;
}): Exclude<Net, "asking"> | null {
  const { ms, isCached = false, error } = outcome;
  if (error instanceof Unreachable) {
    return error.isSlow ? "slow" : "offline";
  }
  if (error !== undefined && !(error instanceof Refused)) {
    return null;
  }
  if (ms >= SLOW_MS) {
    return "slow";
  }
  // A kept answer that came at once: there is no connection, or the worker spares a slow one.
  return isCached ? null : "online";
}

/** Ask the API, and learn from it how the connection is. */
export async function reach<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const begun = performance.now();
  const tell = (outcome: { isCached?: boolean; error?: unknown }) => {
    const found = verdict({ ms: performance.now() - begun, ...outcome });
    if (found !== null) {
      setNet(found);
    }
  };
  try {
    const answer = await ask<T>(path, options);
    tell({ isCached: answer.isCached });
    return answer;
  } catch (error) {
    tell({ error });
    throw error;
  }
}
