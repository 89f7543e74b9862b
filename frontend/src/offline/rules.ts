// Which addresses the service worker answers, and how long for. Plain rules, so that a test can
// read them without a browser.

/** How long the network may take before the last answer is shown instead. */
export const PATIENCE_S = 4;
export const PREDICTIONS = { cacheName: "predictions", maxEntries: 50, maxAgeSeconds: 86_400 };
export const EXPLANATIONS = { cacheName: "explanations", maxEntries: 100, maxAgeSeconds: 604_800 };
export const ASSETS = { cacheName: "assets", maxEntries: 60, maxAgeSeconds: 2_592_000 };
/** What only the version before had. */
export const OLDER = "older";
/** The tag under which a page asks to be woken up when there is a connection. */
export const WAKE_UP = "outbox";

/** The one page of the tablet; it is the same for every address below it. */
export const SHELL = "/tablet/";
/** What stands in for a page of the desk while there is no connection. */
export const OFFLINE = "/offline";
export const SESSION = "/api/v1/session";

const PREDICTION = /^\/api\/v1\/products\/\d+\/prediction$/;
const EXPLANATION = /^\/api\/v1\/predictions\/[0-9a-f-]{36}\/explanation$/;
// Wherever somebody signs in or out: our own pages and the administration's.
const DOOR = /^\/(sign-(in|out)|admin\/log(in|out))\/?$/;

export const isPrediction = (url: URL): boolean => PREDICTION.test(url.pathname);
export const isExplanation = (url: URL): boolean => EXPLANATION.test(url.pathname);
export const isAsset = (url: URL): boolean => url.pathname.startsWith("/static/");
export const isSession = (url: URL): boolean => url.pathname === SESSION;
export const isDoor = (url: URL): boolean => DOOR.test(url.pathname);
export const isTablet = (url: URL): boolean => url.pathname.startsWith(SHELL);
