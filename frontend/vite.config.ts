import { defineConfig } from "vitest/config";

// Ordinary (not library) output, because Vite keeps the white space of ES libraries.
export default defineConfig({
  base: "/static/app/",
  build: {
    target: "es2022",
    outDir: "dist",
    manifest: true,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { categorizer: "src/categorizer/index.ts", worker: "src/categorizer/worker.ts" },
      // The worker imports the twin from its own file instead of from a third one.
      preserveEntrySignatures: "allow-extension",
      // Stable names: Django's manifest storage adds the digests, and the scripts import by name.
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
  test: { include: ["src/**/tests/*.test.ts"], testTimeout: 60_000 },
});
