import type { Plugin } from "vite";

const FILE = /\/zxing-wasm\/dist\/es\/share\.js$/;
const FOREIGN = /`https:\/\/fastly\.jsdelivr\.net\/npm\/zxing-wasm@[^`]*`/g;

/** Take the address out of zxing-wasm from which it would fetch its WebAssembly by itself. */
export function zxing(): Plugin {
  return {
    name: "zxing-from-here",
    transform(code, id) {
      if (!FILE.test(id)) {
        return null;
      }
      if (code.match(FOREIGN)?.length !== 1) {
        throw new Error("zxing-wasm has changed: look where it fetches its WebAssembly from.");
      }
      return { code: code.replace(FOREIGN, '""'), map: null };
    },
  };
}
