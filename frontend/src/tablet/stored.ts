import { useEffect, useState } from "react";
import type { Store } from "../offline/store.ts";

/** Read from the store, and again whenever something changes there. Undefined: not read yet. */
export function useStored<T>(store: Store, read: () => Promise<T>, key: unknown): T | undefined {
  const [value, setValue] = useState<{ key: unknown; value: T }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says what `read` depends on
  useEffect(() => {
    let isOver = false;
    const again = () =>
      void read().then((next) => {
        if (!isOver) {
          setValue({ key, value: next });
        }
      });
    again();
    const stop = store.subscribe(again);
    return () => {
      isOver = true;
      stop();
    };
  }, [store, key]);
  return value !== undefined && value.key === key ? value.value : undefined;
}
