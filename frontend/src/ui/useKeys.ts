import { useEffect, useRef, useState } from "react";
import { optionOfKey } from "./options.ts";

const TYPED_INTO = "input:not([type=checkbox]), textarea";
const PLACE = "shelfmark/review-keys";
// A scanner types digits, too, but never one alone: the next follows within a tenth of a second.
const BURST_MS = 120;

/** Whether keys answer. They can be switched off: speech input presses them by accident. */
export function useKeysWanted(): [boolean, (areWanted: boolean) => void] {
  const [areWanted, setAreWanted] = useState(() => localStorage.getItem(PLACE) !== "off");
  return [
    areWanted,
    (wanted) => {
      localStorage.setItem(PLACE, wanted ? "on" : "off");
      setAreWanted(wanted);
    },
  ];
}

/**
 * Call `choose` with the place of the option whose key is pressed, unless somebody types.
 *
 * A key counts once no other came right before or after it: a scanner presses keys as well.
 */
export function useKeys(count: number, choose: (place: number) => void): void {
  const now = useRef({ count, choose });
  now.current = { count, choose };
  useEffect(() => listenForKeys(document, (key) => answer(key, now.current)), []);
}

function answer(event: KeyboardEvent, now: { count: number; choose: (place: number) => void }) {
  const place = optionOfKey(event, now.count);
  const isTyping = event.target instanceof Element && event.target.matches(TYPED_INTO);
  if (place !== null && !isTyping) {
    now.choose(place);
  }
}

/** Hand over each key that was pressed alone. Return how to stop. */
export function listenForKeys(
  where: Pick<Document, "addEventListener" | "removeEventListener">,
  pressed: (event: KeyboardEvent) => void,
): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const press = (event: KeyboardEvent) => {
    clearTimeout(timer);
    if (event.timeStamp - last >= BURST_MS) {
      timer = setTimeout(() => pressed(event), BURST_MS);
    }
    last = event.timeStamp;
  };
  where.addEventListener("keydown", press);
  return () => {
    clearTimeout(timer);
    where.removeEventListener("keydown", press);
  };
}
