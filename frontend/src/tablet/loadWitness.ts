// The door to the chunk that checks the server's log.
import type * as Module from "./Witness.tsx";

export function loadWitness(): Promise<typeof Module> {
  return import("./Witness.tsx");
}
