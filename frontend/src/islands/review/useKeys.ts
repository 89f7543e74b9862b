import { useEffect, useState } from "react";
import { optionOfKey } from "./sitting.ts";

const TYPED_INTO = "input:not([type=checkbox]), textarea";
const PLACE = "shelfmark/review-keys";

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

/** Call `choose` with the place of the option whose key is pressed, unless somebody types. */
export function useKeys(count: number, choose: (place: number) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const place = optionOfKey(event, count);
      const isTyping = event.target instanceof Element && event.target.matches(TYPED_INTO);
      if (place !== null && !isTyping) {
        choose(place);
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [count, choose]);
}
