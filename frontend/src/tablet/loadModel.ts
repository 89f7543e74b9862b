// The door to the chunk that answers on this tablet.
import type * as Module from "./model.ts";

// A model may be withdrawn while it is the live one.
const LOOK_AGAIN_MS = 300_000;

export function loadModel(): Promise<typeof Module> {
  return import("./model.ts");
}

let heard: string | null = null;
let live: { sha256: string; since: Date } | null = null;
let lookedAt = 0;

/**
 * Hear which model the server answers with (the header X-Model-Version), from whoever may ask for
 * predictions: at the first time, when it is another one, and now and then, see to it that it is
 * here, and no model that was withdrawn.
 */
export function hearModel(version: string): void {
  const now = Date.now();
  if (version !== live?.sha256) {
    live = { sha256: version, since: new Date(now) };
  }
  if (version !== heard || Math.abs(now - lookedAt) > LOOK_AGAIN_MS) {
    heard = version;
    lookedAt = now;
    void loadModel().then(
      ({ ensureModel }) => ensureModel(),
      () => {
        heard = null; // the chunk did not arrive; the next answer of the server is soon
      },
    );
  }
}

/** Which model the server last said it answers with, and since when it has said so. */
export function liveModel(): { sha256: string; since: Date } | null {
  return live;
}
