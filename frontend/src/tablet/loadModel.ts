// The door to the chunk that answers on this tablet.
import type * as Module from "./model.ts";

export function loadModel(): Promise<typeof Module> {
  return import("./model.ts");
}

let heard: string | null | undefined;

/**
 * Hear which model the server answers with (the header X-Model-Version), from whoever may ask for
 * predictions: the first time and whenever it is another one, see to it that it is here.
 */
export function hearModel(version: string | null): void {
  if (version !== heard) {
    heard = version;
    void loadModel().then(
      ({ ensureModel }) => ensureModel(),
      () => {
        heard = undefined; // the chunk did not arrive; the next answer of the server is soon
      },
    );
  }
}
