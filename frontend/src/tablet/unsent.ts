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
