// Puts the service worker in place and says when a new one is ready to take over.

/** `impossible`: the page did not come over https, so the browser refuses. */
export type WorkerState = "starting" | "ready" | "waiting" | "changed" | "impossible" | "failed";

let state: WorkerState = "starting";
let registration: ServiceWorkerRegistration | null = null;
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
  const workers = navigator.serviceWorker;
  // The first worker takes over by itself; that is no new version.
  let isControlled = workers.controller !== null;
  workers.addEventListener("controllerchange", () => {
    if (isAgreed) {
      window.location.reload();
    } else if (isControlled) {
      become("changed"); // somebody agreed in another tab
    }
    isControlled = true;
  });
  try {
    const found = await workers.register("/sw.js", { scope: "/", updateViaCache: "none" });
    registration = found;
    found.addEventListener("updatefound", () => watch(found.installing));
    watch(found.installing);
    watch(found.waiting);
    await workers.ready;
    if (state === "starting") {
      become("ready");
    }
  } catch {
    become("failed"); // without a connection, for example; the next start tries again
  }
}

/** Say so as soon as this worker is installed and waits for another one to leave. */
function watch(worker: ServiceWorker | null): void {
  const look = () => {
    if (worker?.state === "installed" && registration?.active) {
      become("waiting");
    }
  };
  look();
  worker?.addEventListener("statechange", look);
}

/** Look for a new version; browsers do that at a navigation, and this page seldom makes one. */
export function lookForUpdate(): void {
  void registration?.update().catch(() => undefined);
}

/** Let the waiting worker take over. The page reloads once it did, and not before. */
export function agree(): void {
  if (state === "changed") {
    window.location.reload();
    return;
  }
  isAgreed = true;
  registration?.waiting?.postMessage({ type: "SKIP_WAITING" });
}
