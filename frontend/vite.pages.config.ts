import { readdirSync } from "node:fs";
import { defineConfig } from "vite";
import { antdCss } from "./vite/antd_css.ts";
import { zxing } from "./vite/zxing.ts";

// Every island is an entry of its own, so that a page loads what it shows.
const islands = readdirSync("src/islands").map((name) => [name, `src/islands/${name}/index.tsx`]);

export default defineConfig({
  base: "/static/app/pages/",
  plugins: [antdCss(), zxing()],
  build: {
    target: "es2022",
    outDir: "dist/pages",
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    // Nothing may become a data: address that the Content-Security-Policy has to allow.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      // Ant Design's files say "use client" to frameworks that render on a server.
      checks: { moduleLevelDirective: false },
      input: { ...Object.fromEntries(islands), tablet: "src/tablet/index.tsx" },
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// },
            // Small parts that many ask for, in few files: a tablet keeps every one of them.
            { name: "client", test: /src\/api\/\w+\.ts$/ },
            {
              name: "base",
              test: /node_modules\/idb\/|offline\/(rules|database|changes|locks|device|person|text|rows|overlay|catalogue|store)\.ts$/,
            },
            {
              name: "sync",
              test: /offline\/(sync|pull|settle|session|outbox|leave)\.ts$/,
            },
            {
              name: "common",
              test: /src\/(forms\/\w+|ui\/(words|ranges|useKeys|options|gtin|useFocus)|tablet\/useNow)\.ts$/,
            },
            { name: "list", test: /node_modules\/@tanstack\/(react-virtual|virtual-core)\// },
            { name: "antd", test: /node_modules\/(antd|@ant-design|@rc-component)\/|antd\.css/ },
          ],
        },
      },
    },
  },
});
