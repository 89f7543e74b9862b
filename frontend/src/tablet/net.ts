// How the connection is, as the last requests found it. navigator.onLine only knows whether there
// is a network, not whether it leads anywhere.
import { useSyncExternalStore } from "react";
import { type Answer, ask, type Options, Refused, Unreachable } from "../api/client.ts";
import { PATIENCE_S } from "../offline/rules.ts";

export type Net = "asking" | "online" | "slow" | "offline";

/** What the server says in passing with every answer. */
export interface Poke {
  /** How far it has come. */
  head: number | null;
  /** The live model: its digest, or "none". */
  model: string | null;
}

const SLOW_MS = PATIENCE_S * 1000 - 200;
// One answer after a time without any may be an accident; two in a row are a connection.
const ENOUGH = 2;

let net: Net = "asking";
let good = 0;
const listeners = new Set<() => void>();
const pokes = new Set<(poke: Poke) => void>();

export function setNet(next: Net): void {
  good = 0;
  if (next !== net) {
    net = next;
    for (const listener of listeners) {
      listener();
    }
  }
}

/**
 * Take in what one request found. Coming back from nothing takes two answers, or one that somebody
 * asked for: a line that comes and goes must not make the screen flicker.
 */
export function heard(found: Exclude<Net, "asking">, isTap = false): void {
  if (net === "offline" && found !== "offline" && !isTap) {
    good += 1;
    if (good < ENOUGH) {
      return;
    }
  }
  setNet(found);
}

/** Something else got no answer: what came before it was no connection yet. */
export function doubt(): void {
  good = 0;
}

export function onNet(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function onPoke(listener: (poke: Poke) => void): () => void {
  pokes.add(listener);
  return () => pokes.delete(listener);
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
    return error.isSlow && net !== "offline" ? "slow" : "offline";
  }
  if (error !== undefined && !(error instanceof Refused)) {
    return null;
  }
  if (ms >= SLOW_MS) {
    // A kept answer that took long came because nobody else answered.
    return isCached && net === "offline" ? null : "slow";
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
      heard(found, options.isUrgent);
    }
  };
  try {
    const answer = await ask<T>(path, options);
    tell({ isCached: answer.isCached });
    if (!answer.isCached) {
      poked(answer.headers);
    }
    return answer;
  } catch (error) {
    tell({ error });
    if (error instanceof Refused) {
      poked(error.headers);
    }
    throw error;
  }
}

function poked(headers: Headers): void {
  const head = headers.get("X-Sync-Head");
  const poke = { head: head === null ? null : Number(head), model: headers.get("X-Model-Version") };
  for (const listener of pokes) {
    listener(poke);
  }
}
