// Puts the service worker in place and says when a new one is ready to take over.
import { Workbox } from "workbox-window";

/** `impossible`: the page did not come over https, so the browser refuses. */
export type WorkerState = "starting" | "ready" | "waiting" | "changed" | "impossible" | "failed";

let state: WorkerState = "starting";
let workbox: Workbox | null = null;
let isAgreed = false;
const listeners = new Set<() => void>();

export const workerState = (): WorkerState => state;

export function onWorkerState(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: WorkerState): void {
  state = next;
  for (const listener of listeners) {
    listener();
  }
}

export async function register(): Promise<void> {
  if (!window.isSecureContext || !("serviceWorker" in navigator)) {
    become("impossible");
    return;
  }
  workbox = new Workbox("/sw.js", { scope: "/", updateViaCache: "none" });
  workbox.addEventListener("waiting", () => become("waiting"));
  workbox.addEventListener("controlling", (event) => {
    if (isAgreed) {
      window.location.reload();
    } else if (event.isUpdate || event.isExternal) {
      become("changed"); // somebody agreed in another tab
    }
  });
  try {
    await workbox.register({ immediate: true });
    await navigator.serviceWorker.ready;
    if (state === "starting") {
      become("ready");
    }
  } catch {
    become("failed"); // without a connection, for example; the next start tries again
  }
}

/** Look for a new version; browsers do that at a navigation, and this page seldom makes one. */
export function lookForUpdate(): void {
  void workbox?.update().catch(() => undefined);
}

/** Let the waiting worker take over. The page reloads once it did, and not before. */
export function agree(): void {
  if (state === "changed") {
    window.location.reload();
    return;
  }
  isAgreed = true;
  workbox?.messageSkipWaiting();
}
