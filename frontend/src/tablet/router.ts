import { useSyncExternalStore } from "react";
import type { ProductRef } from "../offline/changes.ts";

export type Route =
  | { name: "home" }
  | { name: "product"; ref: ProductRef }
  | { name: "edit"; ref: ProductRef }
  /** `code`: what was scanned or typed and belongs to no product; empty for none. */
  | { name: "new"; code: string }
  | { name: "review" | "changes" | "scan" | "ready" | "nowhere" };

export const HOME = "/tablet/";
export const REVIEW = "/tablet/review";
export const CHANGES = "/tablet/changes";
export const SCAN = "/tablet/scan";
export const READY = "/tablet/ready";

const ID = "[1-9]\\d{0,14}";
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const PRODUCT = new RegExp(`^/tablet/products/(?:(${ID})|new/(${UUID}))(/edit)?$`);
const PLAIN: Record<string, Exclude<Route["name"], "product" | "edit" | "new">> = {
  "/tablet": "home",
  [REVIEW]: "review",
  [CHANGES]: "changes",
  [SCAN]: "scan",
  [READY]: "ready",
};

export function productPath(id: number): string {
  return refPath({ id });
}

export function refPath(ref: ProductRef): string {
  return `/tablet/products/${"id" in ref ? ref.id : `new/${ref.uuid}`}`;
}

export function editPath(ref: ProductRef): string {
  return `${refPath(ref)}/edit`;
}

/** The address of a form for a new product, with the code that nobody knew. */
export function newPath(code = ""): string {
  return `/tablet/products/new${code === "" ? "" : `?code=${encodeURIComponent(code)}`}`;
}

/** Return the screen of an address: its path, and its query if it has one. */
export function routeOf(address: string): Route {
  const [pathname = "", query] = address.split("?");
  const path = pathname.replace(/\/$/, "");
  if (path === "/tablet/products/new") {
    return { name: "new", code: new URLSearchParams(query).get("code") ?? "" };
  }
  const [, id, uuid, isEdit] = PRODUCT.exec(path) ?? [];
  if (id !== undefined || uuid !== undefined) {
    const ref = id === undefined ? { uuid: uuid as string } : { id: Number(id) };
    return { name: isEdit === undefined ? "product" : "edit", ref };
  }
  return { name: PLAIN[path] ?? "nowhere" };
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

function tell(): void {
  for (const listener of listeners) {
    listener();
  }
}

export function go(address: string): void {
  window.history.pushState(null, "", address);
  window.scrollTo(0, 0);
  tell();
}

/** Show another address for the same screen: the way back does not lead here. */
export function goInstead(address: string): void {
  window.history.replaceState(null, "", address);
  tell();
}

/** The address: its path and its query. */
export function usePath(): string {
  return useSyncExternalStore(
    subscribe,
    () => `${window.location.pathname}${window.location.search}`,
  );
}

interface LaunchQueue {
  setConsumer(consumer: (launch: { targetURL?: string }) => void): void;
}

/** Go where a shortcut of the installed tablet points: it brings this window to the front. */
export function followLaunches(): void {
  const { launchQueue } = window as { launchQueue?: LaunchQueue };
  launchQueue?.setConsumer(({ targetURL }) => {
    const { pathname, search } = new URL(targetURL ?? HOME, window.location.origin);
    // The start of the tablet leads to where somebody was.
    if (pathname !== HOME && pathname !== window.location.pathname) {
      go(`${pathname}${search}`);
    }
  });
}
