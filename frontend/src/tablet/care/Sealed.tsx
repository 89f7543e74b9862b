import type { Sealed } from "../../offline/person.ts";
import { count } from "./words.ts";

/** Whose changes wait here for them. What they are about is nobody else's business. */
export function SealedHere({ sealed }: { sealed: readonly Sealed[] }) {
  return sealed.map(({ id, name, count: number }) => (
    <p key={id} className="banner">
      {count(number, "change")} of {name} {number === 1 ? "waits" : "wait"} on this tablet until{" "}
      {name} signs in here.
    </p>
  ));
}
