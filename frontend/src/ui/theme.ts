import type { ThemeConfig } from "antd";

// The class that scopes our CSS variables. Fixed, because the stylesheet is made at build time.
const KEY = "shelfmark";

/**
 * What both themes share. 44 pixels, because controls are used with gloves; 16-pixel letters,
 * because tablets zoom into smaller ones. Styles come from the stylesheet that `vite/antd_css.ts`
 * writes: the Content-Security-Policy lets no script add any.
 */
const COMMON = {
  controlHeight: 44,
  controlHeightLG: 48,
  controlHeightSM: 44,
  fontSize: 16,
  borderRadius: 8,
  motion: false,
  fontFamily: "system-ui, sans-serif",
};

// The colours of static/shelfmark.css. Each pair of text and ground has at least 4.5 : 1.
const LIGHT = {
  colorPrimary: "#1d4f5c",
  colorInfo: "#1d4f5c",
  colorLink: "#1d4f5c",
  colorSuccess: "#1d6b3a",
  colorWarning: "#7a4b00",
  colorError: "#a3260f",
  colorText: "#1b2426",
  colorTextSecondary: "#4d5b5f",
  colorTextDescription: "#4d5b5f",
  colorTextPlaceholder: "#5d6b6f",
  colorTextDisabled: "#5d6b6f",
  colorBorder: "#7b8a8e",
  colorBgBase: "#ffffff",
  colorInfoBg: "#dcebee",
  colorSuccessBg: "#ddf0e3",
  colorWarningBg: "#fdeecb",
  colorErrorBg: "#fbe4de",
};

const DARK = {
  colorPrimary: "#8fd0de",
  colorInfo: "#8fd0de",
  colorLink: "#8fd0de",
  colorSuccess: "#8fdcae",
  colorWarning: "#f3c46a",
  colorError: "#ffb4a4",
  colorText: "#eef2f2",
  colorTextSecondary: "#b3c0c3",
  colorTextDescription: "#b3c0c3",
  colorTextPlaceholder: "#a3b1b5",
  colorTextDisabled: "#a3b1b5",
  colorTextLightSolid: "#10282e",
  colorBorder: "#82949a",
  colorBgBase: "#1e2527",
  colorBgContainer: "#1e2527",
  colorBgElevated: "#263034",
  controlItemBgActive: "#1b3a42",
  controlItemBgHover: "#323e43",
  colorInfoBg: "#1b3a42",
  colorSuccessBg: "#16361f",
  colorWarningBg: "#3b2b08",
  colorErrorBg: "#45190f",
};

type SelectColours = NonNullable<NonNullable<ThemeConfig["components"]>["Select"]>;

function themed(token: ThemeConfig["token"], select: SelectColours): ThemeConfig {
  return {
    zeroRuntime: true,
    hashed: false,
    cssVar: { key: KEY, prefix: "ant" },
    token: { ...COMMON, ...token },
    // As the buttons that static/shelfmark.css draws.
    components: {
      Button: { fontWeight: 600, paddingInline: 20, primaryShadow: "none", defaultShadow: "none" },
      Select: select,
    },
  };
}

export const light = themed(LIGHT, { optionSelectedBg: "#dcebee", optionActiveBg: "#ecebe4" });
export const dark = themed(DARK, { optionSelectedBg: "#1b3a42", optionActiveBg: "#323e43" });
