import { useSyncExternalStore } from "react";

export type Route = { name: "home" } | { name: "product"; id: number } | { name: "nowhere" };

export const HOME = "/tablet/";

export function productPath(id: number): string {
  return `/tablet/products/${id}`;
}

export function routeOf(path: string): Route {
  if (path === HOME || path === "/tablet") {
    return { name: "home" };
  }
  const product = /^\/tablet\/products\/([1-9]\d{0,14})\/?$/.exec(path);
  return product ? { name: "product", id: Number(product[1]) } : { name: "nowhere" };
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

export function go(path: string): void {
  window.history.pushState(null, "", path);
  window.scrollTo(0, 0);
  for (const listener of listeners) {
    listener();
  }
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}
