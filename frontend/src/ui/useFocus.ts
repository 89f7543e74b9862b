import { useEffect, useRef } from "react";

/** Bring the focus to an element that has just appeared, if `isWanted` when it does. */
export function useFocus<T extends HTMLElement = HTMLHeadingElement>(isWanted: boolean) {
  const element = useRef<T>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it appears
  useEffect(() => {
    if (isWanted) {
      element.current?.focus();
    }
  }, []);
  return element;
}
