import { useEffect, useRef } from "react";

/** Bring the focus to a heading that has just appeared, if `isWanted` when it does. */
export function useFocus(isWanted: boolean) {
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it appears
  useEffect(() => {
    if (isWanted) {
      heading.current?.focus();
    }
  }, []);
  return heading;
}
