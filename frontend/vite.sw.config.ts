import { readFileSync } from "node:fs";
import { defineConfig } from "vite";
import { precache } from "./vite/precache.ts";

// The service worker is one file without imports, at an address that never changes. What it keeps
// is known only after the pages are built, so it is built last.
const manifest = JSON.parse(readFileSync("dist/pages/manifest.json", "utf8"));

export default defineConfig({
  define: {
    PRECACHE: JSON.stringify(precache(manifest, "src/tablet/index.tsx")),
    // Placeholders: these pages are Django's, which fills in the digest of what it renders.
    SHELL_REVISION: JSON.stringify("{{ shell }}"),
    OFFLINE_REVISION: JSON.stringify("{{ offline }}"),
    // The name of the page's file, which the worker has no use for.
    "import.meta.url": JSON.stringify(""),
    "process.env.NODE_ENV": JSON.stringify("production"),
  },
  publicDir: false,
  // Workbox brings an older copy, which does the same.
  resolve: { dedupe: ["idb"] },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: false,
    lib: { entry: "src/offline/sw.ts", formats: ["iife"], name: "sw", fileName: () => "sw.js" },
  },
});
