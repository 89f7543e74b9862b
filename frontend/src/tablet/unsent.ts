// Whether a decision is on the screen that the server may not have. While one is, nothing reloads.
import { useSyncExternalStore } from "react";

const waiting = new Set<string>();
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) {
    listener();
  }
}

export function startSending(key: string): void {
  waiting.add(key);
  tell();
}

export function settled(key: string): void {
  waiting.delete(key);
  tell();
}

export function useUnsent(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting.size > 0,
  );
}

/** Return a name that no other decision has. crypto.randomUUID is missing without https. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `tablet-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
