import "virtual:antd.css";
import { StyleProvider } from "@ant-design/cssinjs";
import { ConfigProvider } from "antd";
import type { ReactNode } from "react";
import { light } from "./theme.ts";

// Whatever style Ant Design still makes at run time ends in an element that is in no document,
// so that the Content-Security-Policy has nothing to refuse.
const nowhere = document.createElement("div");

/** What every component of Ant Design must stand in. */
export function Provider({ children }: { children: ReactNode }) {
  return (
    <StyleProvider container={nowhere}>
      <ConfigProvider theme={light} wave={{ disabled: true }}>
        {children}
      </ConfigProvider>
    </StyleProvider>
  );
}
