const PREFIX = "/api/v1/";

/** Return what `ask` wants of an address in a `next`: the path below /api/v1/. */
export function below(next: string): string {
  return next.startsWith(PREFIX) ? next.slice(PREFIX.length) : next;
}
