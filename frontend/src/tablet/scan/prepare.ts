// What the camera needs without a connection: the decoder, unless the system has one.

import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";
import { ASSETS } from "../../offline/rules.ts";
import { hasDetector } from "./platform.ts";

/** Where the decoder lies: on our own server. */
export const WASM = wasm;

/** Fetch what the camera needs, once. Throws if it cannot be fetched or kept. */
export async function prepareScanner(): Promise<void> {
  if (!(await scannerReady()) && "caches" in window) {
    await (await caches.open(ASSETS.cacheName)).add(WASM);
  }
}

/** Whether the camera can read codes without a connection. */
export async function scannerReady(): Promise<boolean> {
  if (await hasDetector()) {
    return true;
  }
  return "caches" in window && (await caches.match(WASM)) !== undefined;
}
