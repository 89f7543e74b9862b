// The chunk of the screens about the work itself: what waits for a person, and what waits here.
import { Nowhere } from "../parts.tsx";
import type { Known } from "../who.ts";

export function Review(_: { who: Known }) {
  return <Nowhere />;
}

export function Changes(_: { who: Known }) {
  return <Nowhere />;
}

export function Ready(_: { who: Known }) {
  return <Nowhere />;
}
