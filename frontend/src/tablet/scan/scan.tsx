// The chunk of the camera.
import { Nowhere } from "../parts.tsx";
import type { Known } from "../who.ts";

export function Camera(_: { who: Known }) {
  return <Nowhere />;
}
