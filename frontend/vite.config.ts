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
      input: { categorizer: "src/categorizer/index.ts" },
      preserveEntrySignatures: "strict",
      // Stable names: Django's manifest storage adds the digests, and the scripts import by name.
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
  test: { include: ["src/**/tests/*.test.ts"], testTimeout: 60_000 },
});
