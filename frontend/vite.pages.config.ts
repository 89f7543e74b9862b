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
            { name: "antd", test: /node_modules\/(antd|@ant-design|@rc-component)\/|antd\.css/ },
          ],
        },
      },
    },
  },
});
