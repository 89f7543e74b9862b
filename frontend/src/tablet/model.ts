// The model on this tablet: fetched while there is a connection, asked while there is none.
import { useSyncExternalStore } from "react";
import { Refused, Unreachable } from "../api/client.ts";
import type { Explanation, LiveModel } from "../api/types.ts";
import type { TabletAnswer } from "../offline/changes.ts";
import { type Described, featuresOf } from "../offline/features.ts";
import * as offline from "../offline/model.ts";
import { short } from "../ui/words.ts";
import { currentNet, onNet, reach } from "./net.ts";
import { Died, Twin } from "./twin.ts";
import { askWho } from "./who.ts";

export interface ModelState {
  /** `ready`: there is a model to ask, even while another one is fetched or was refused. */
  state: "none" | "fetching" | "ready" | "failed";
  /** Of the model that answers here. */
  sha256: string | null;
  /** The beginning of the digest, for people; empty if there is no model. */
  version: string;
  /** Its size; while there is none, the size of the one that is fetched. */
  bytes: number;
  /** How much of the next model is here, from 0 to 1; null: none is on its way. */
  progress: number | null;
  /** When the model that answers was put in place, by the clock of this tablet (ISO 8601). */
  at: string | null;
  /** Why the newest model is not here, in a sentence. */
  trouble: string | null;
}

/** There is no model on this tablet. The message is a sentence for people. */
export class NoModel extends Error {
  override name = "NoModel";
}

const MOST_REASONS = 12;
const MILLION = 1_000_000n;
const SOON_MS = 15_000;
const LATER_MS = 600_000;

let shown: ModelState = {
  state: "none",
  sha256: null,
  version: "",
  bytes: 0,
  progress: null,
  at: null,
  trouble: null,
};
const listeners = new Set<() => void>();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("shelfmark-models") : null;
channel?.addEventListener("message", () => void look());

function become(change: Partial<ModelState>): void {
  const next = { ...shown, ...change };
  const idle = next.trouble === null ? "none" : "failed";
  const active = next.sha256 === null ? idle : "ready";
  next.state = active !== "ready" && next.progress !== null ? "fetching" : active;
  shown = next;
  for (const listener of listeners) {
    listener();
  }
}

function show({ active }: offline.Models): void {
  become({
    sha256: active?.sha256 ?? null,
    version: short(active?.sha256 ?? ""),
    bytes: active?.bytes ?? 0,
    at: active?.at ?? null,
  });
}

async function look(): Promise<void> {
  show(await offline.models());
}

/** Return how things are with the model, and again whenever that changes. */
export function useModel(): ModelState {
  return useSyncExternalStore(onModel, currentModel);
}

export const currentModel = (): ModelState => shown;

export function onModel(listener: () => void): () => void {
  if (listeners.size === 0) {
    void look().catch(() => undefined); // no database: no model
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Return the digest of the model that answers on this tablet, null if none does. */
export async function heldModel(): Promise<string | null> {
  return (await offline.models()).active?.sha256 ?? null;
}

// Fetching

let running: Promise<void> | null = null;
let pause = SOON_MS;
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * See to it that the live model is on this tablet, and no model that was withdrawn.
 *
 * `useModel` says how that goes; a download that the connection ends goes on when it is back.
 * `isAsked`: somebody wants to know now, also about a model that was refused a moment ago.
 */
export function ensureModel(isAsked = false): Promise<void> {
  if (isAsked && running !== null) {
    return running.then(() => ensureModel(true)); // what runs was not asked for
  }
  running ??= ensureOnce(isAsked).finally(() => {
    running = null;
  });
  return running;
}

async function ensureOnce(isAsked: boolean): Promise<void> {
  clearTimeout(timer);
  if (globalThis.crypto?.subtle === undefined) {
    become({ trouble: "This browser keeps no model: Shelfmark has to be opened over https." });
    return;
  }
  try {
    const { data: live } = await reach<LiveModel>("models/live", { isUrgent: isAsked });
    await takeLive(live, isAsked);
    pause = SOON_MS;
  } catch (error) {
    const wasComing = shown.progress !== null;
    await look().catch(() => undefined); // whatever became of it: a withdrawn model is gone
    const isLater = isPassing(error);
    // Nothing is wrong with a model that is here only because nobody can be asked for another.
    const isQuiet = isLater && !wasComing && shown.sha256 !== null;
    become({ progress: null, trouble: isQuiet ? null : troubleIn(error) });
    if (isLater) {
      later();
    }
  }
}

async function takeLive(live: LiveModel, isAsked: boolean): Promise<void> {
  const before = await heldModel();
  let fresh: Twin | null = null;
  const held = await offline.take(live, {
    now: new Date(),
    isAsked,
    progress: (here) => {
      const bytes = live.bytes ?? here;
      become({ progress: here / bytes, ...(before === null && { bytes }) });
    },
    prove: async (bytes, sha256, vectors) => {
      fresh = await Twin.start(bytes, sha256, vectors);
    },
  });
  takeOver(held.active, fresh);
  show(held);
  become({ progress: null, trouble: null });
  if (held.active?.sha256 !== before) {
    channel?.postMessage(null);
    void askWho(); // and with that the server hears which model answers here
  }
}

/** Whether it may well be possible in a moment. */
function isPassing(error: unknown): boolean {
  const isBusy = error instanceof Refused && (error.status >= 500 || error.status === 429);
  return isBusy || error instanceof Unreachable || error instanceof Died;
}

function troubleIn(error: unknown): string | null {
  if (error instanceof Refused && [401, 403].includes(error.status)) {
    return null; // whoever is here may not ask for predictions
  }
  if (error instanceof offline.NotTaken || error instanceof Died) {
    return error.message;
  }
  if (error instanceof Refused || error instanceof Unreachable) {
    return "The model could not be fetched yet. It comes as soon as the connection allows.";
  }
  if (error instanceof DOMException) {
    return `This browser could not keep the model: ${error.message}`;
  }
  throw error;
}

/** Try again when the connection is back, and otherwise after ever longer pauses. */
function later(): void {
  const again = () => {
    clearTimeout(timer);
    stop();
    void ensureModel();
  };
  const stop = onNet(() => currentNet() === "online" && again());
  timer = setTimeout(again, pause);
  pause = Math.min(pause * 2, LATER_MS);
}

// Asking

let twin: Promise<Twin> | null = null;

/** Let a model that has just been proved answer from now on. */
function takeOver(active: offline.Held | null, fresh: Twin | null): void {
  if (fresh !== null && fresh.sha256 === active?.sha256) {
    void twin?.then((old) => old.close()).catch(() => undefined);
    twin = Promise.resolve(fresh);
  }
}

/** Return the active model, started if it is not running. Throws NoModel, Died. */
function current(): Promise<Twin> {
  const before = twin;
  // One after the other, so that two questions do not start two workers.
  twin = (async () => {
    const old = await before?.catch(() => null);
    const { active } = await offline.models();
    if (old && !old.isDead && old.sha256 === active?.sha256) {
      return old;
    }
    old?.close();
    if (active === null) {
      throw new NoModel("This tablet has no model yet. It comes with the next connection.");
    }
    return started(active);
  })();
  return twin;
}

async function started(active: offline.Held): Promise<Twin> {
  const bytes = await offline.bytesOf(active);
  try {
    if (bytes === null) {
      throw new offline.Unfit("parts of it are missing");
    }
    return await Twin.start(bytes, active.sha256, active.vectors);
  } catch (error) {
    if (error instanceof offline.Unfit) {
      show(await offline.drop(active.sha256));
      throw new NoModel(
        "The model on this tablet is damaged. Another one comes with the next connection.",
      );
    }
    throw error;
  }
}

/** Ask the active model; once more if its worker ended, as systems end what takes memory. */
async function ask<T>(question: (model: Twin) => Promise<T>): Promise<T> {
  try {
    return await question(await current());
  } catch (error) {
    if (error instanceof Died) {
      return question(await current());
    }
    throw error;
  }
}

/**
 * Say where a product belongs, as the server's live model would. A null answer: the model knows
 * nothing about it. Throws NoModel, Died.
 */
export async function suggest(
  product: Described,
  top = 5,
): Promise<{ answer: TabletAnswer | null }> {
  return ask(async (model) => {
    const { matched, suggestions } = await model.suggest(featuresOf(product), top);
    const [best, ...others] = suggestions.map(({ label, score, confidence_ppm }) => ({
      category: label,
      score,
      confidence_ppm,
    }));
    if (matched === 0 || best === undefined) {
      return { answer: null };
    }
    return { answer: { model_sha256: model.sha256, ...best, alternatives: others } };
  });
}

/** Say what spoke for a category and what against it, as the server would. Throws NoModel, Died. */
export function explainHere(product: Described, label: string): Promise<Omit<Explanation, "id">> {
  return ask(async (model) => {
    const { score, bias, contributions } = await model.explain(featuresOf(product), label);
    const total = contributions.reduce((sum, { amount }) => sum + Math.abs(amount), 0);
    const rest = contributions.slice(MOST_REASONS);
    return {
      category: label,
      score,
      bias,
      contributions: contributions.slice(0, MOST_REASONS).map((one) => ({
        ...one,
        share_ppm: Number((BigInt(Math.abs(one.amount)) * MILLION) / BigInt(total)),
      })),
      others: { count: rest.length, amount: rest.reduce((sum, { amount }) => sum + amount, 0) },
    };
  });
}
