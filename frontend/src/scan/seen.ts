// What the camera saw, on its way to whoever acts on scans.
type Listener = (text: string) => void;

const listeners = new Set<Listener>();

export function onSeen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tellSeen(text: string): void {
  for (const listener of listeners) {
    listener(text);
  }
}
