import { useEffect, useState } from "react";
import type { Store } from "../offline/store.ts";

/**
 * Read from the store, and again whenever something changes there. Undefined: not read yet.
 *
 * Many changes during one reading lead to one more.
 */
export function useStored<T>(store: Store, read: () => Promise<T>, key: unknown): T | undefined {
  const [value, setValue] = useState<{ key: unknown; value: T }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says what `read` depends on
  useEffect(() => {
    let isOver = false;
    let isReading = false;
    let isWanted = false;
    const again = async () => {
      isWanted = true;
      if (isReading) {
        return;
      }
      isReading = true;
      try {
        while (isWanted && !isOver) {
          isWanted = false;
          const next = await read();
          if (!isOver) {
            setValue({ key, value: next });
          }
        }
      } catch (error) {
        // Somebody signed out, or a newer page has taken the database: the frame says so.
        if (!(error instanceof DOMException)) {
          throw error;
        }
      } finally {
        isReading = false;
      }
    };
    void again();
    const stop = store.subscribe(() => void again());
    return () => {
      isOver = true;
      stop();
    };
  }, [store, key]);
  return value !== undefined && value.key === key ? value.value : undefined;
}
