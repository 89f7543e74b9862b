import { createCache, extractStyle, StyleProvider } from "@ant-design/cssinjs";
import { Alert, Button, ConfigProvider, Input, Select, Skeleton, theme as themes } from "antd";
import { createElement as h, type ReactElement } from "react";
import { renderToString } from "react-dom/server";
import type { Plugin } from "vite";
import { dark, light } from "../src/ui/theme.ts";

const ID = "virtual:antd.css";

// Every component of Ant Design that an island may use; another one would have no style.
function everything(): ReactElement[] {
  return [
    h(Alert, { key: "alert", title: "x", description: "x", showIcon: true, closable: true }),
    h(Button, { key: "button", loading: true }, "x"),
    h(Input, { key: "input" }),
    h(Input.TextArea, { key: "area" }),
    h(Input.Search, { key: "search" }),
    h(Select, { key: "select", open: true, mode: "multiple", options: [] }),
    h(Skeleton, { key: "skeleton", active: true }),
  ];
}

// Ant Design dresses every link of a page, and takes the outline of its focus away. Ours are dressed.
const LINKS = /(?<=^|[{}])a(?:[:[][^{},]*)?(?:,\s*a(?:[:[][^{},]*)?)*\{[^{}]*\}/g;

function styles(theme: typeof light, types?: "cssVar" | "token"): string {
  const cache = createCache();
  const runtime = { ...theme, zeroRuntime: false };
  renderToString(
    h(StyleProvider, { cache }, h(ConfigProvider, { theme: runtime }, ...everything())),
  );
  return extractStyle(cache, { plain: true, ...(types ? { types } : {}) }).replace(LINKS, "");
}

/**
 * Write Ant Design's styles into a stylesheet, once, when the frontend is built.
 *
 * Its own way is to add style elements while it runs, which `style-src 'self'` forbids.
 */
export function antdCss(): Plugin {
  return {
    name: "antd-css",
    resolveId: (id) => (id === ID ? id : undefined),
    load(id) {
      if (id !== ID) {
        return undefined;
      }
      const night = { ...dark, algorithm: themes.darkAlgorithm };
      const variables = `${styles(night, "token")}${styles(night, "cssVar")}`;
      return `${styles(light)}@media (prefers-color-scheme: dark){${variables}}`;
    },
  };
}
