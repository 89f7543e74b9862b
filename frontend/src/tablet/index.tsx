import "./tablet.css";
import { createRoot } from "react-dom/client";
import { lookForUpdate, register } from "../offline/register.ts";
import { followLaunches } from "./router.ts";
import { startSyncing } from "./syncing.ts";
import { Tablet } from "./Tablet.tsx";
import { keepAsking } from "./who.ts";

const LOOK_FOR_UPDATE_MS = 3_600_000;

// Whatever was still asking a database that somebody signed out of, or that a newer page has taken,
// has nobody left to answer to: the frame says what there is to say.
window.addEventListener("unhandledrejection", (event) => {
  const { reason } = event;
  if (reason instanceof DOMException && /^(InvalidState|Version)Error$/.test(reason.name)) {
    event.preventDefault();
  }
});

const root = document.getElementById("tablet");
if (root !== null) {
  // No StrictMode: it asks everything twice, and every answer leaves a receipt.
  createRoot(root).render(<Tablet />);
  followLaunches();
  startSyncing();
  keepAsking();
  void register();
  window.setInterval(lookForUpdate, LOOK_FOR_UPDATE_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      lookForUpdate();
    }
  });
}
