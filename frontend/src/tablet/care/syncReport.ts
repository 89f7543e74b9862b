// What support needs to know of a tablet. Nothing about people, and nothing that they typed.
import type { Change } from "../../offline/changes.ts";

const MOST = 50;

export interface Circumstances {
  build: string;
  worker: string;
  net: string;
  mirror: { isComplete: boolean; lastPull: string | null; epoch: string | null };
  model: string | null;
  space: { used: number | null; free: number | null; isKept: boolean | null };
  isInstalled: boolean;
  skewMs: number | null;
  canSync: boolean;
  lastError: string | null;
}

/** Return the report as text: JSON, so that a program can read it, too. */
export function report(
  circumstances: Circumstances,
  changes: readonly Change[],
  now: Date,
): string {
  const waiting = changes.filter((one) => one.status === "waiting");
  const { lastPull } = circumstances.mirror;
  return JSON.stringify(
    {
      format: "shelfmark-tablet/1",
      at: now.toISOString(),
      ...circumstances,
      cursorAgeSeconds: lastPull === null ? null : seconds(lastPull, now),
      queue: {
        states: counted(changes.map((one) => one.status)),
        waiting: counted(waiting.map((one) => one.kind)),
        oldestWaitingSeconds: waiting[0] === undefined ? null : seconds(waiting[0].madeAt, now),
        attempts: Math.max(0, ...waiting.map((one) => one.attempts)),
      },
      last: changes
        .filter((one) => one.result !== null)
        .slice(-MOST)
        .map(({ id, kind, status, attempts, settledAt, result }) => ({
          id,
          kind,
          status,
          told: result?.status,
          code: result?.code,
          attempts,
          settledAt,
        })),
    },
    null,
    2,
  );
}

function seconds(moment: string, now: Date): number {
  return Math.round((now.getTime() - Date.parse(moment)) / 1000);
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
