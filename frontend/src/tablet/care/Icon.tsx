import type { Status } from "../../offline/changes.ts";
import { STATES } from "./words.ts";

const PATHS: Record<Status, string> = {
  waiting: "M6 2h12v20H6zM10 18.5h4",
  sent: "M3 12.5l6 6L21 6",
  conflict: "M12 2.5L22.5 21h-21zM12 9.5v5M12 17.2v.6",
  refused: "M5 5l14 14M19 5L5 19",
};

/** The state of a change: a picture and the words, so that nobody needs to tell colours apart. */
export function State({ status, reason }: { status: Status; reason?: string }) {
  return (
    <span className={`state ${status}`}>
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
        <path d={PATHS[status]} />
      </svg>
      <span>
        {STATES[status]}
        {reason !== undefined && `: ${reason}`}
      </span>
    </span>
  );
}
