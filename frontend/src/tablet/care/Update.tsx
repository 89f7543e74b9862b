import { useState, useSyncExternalStore } from "react";
import { alone, outboxLock } from "../../offline/locks.ts";
import { agree, onWorkerState, workerState } from "../../offline/register.ts";
import type { Known } from "../who.ts";

const LOCKED_MS = 20_000;

/** Asks before a new version takes over. */
export function Update({ who }: { who: Known | null }) {
  const state = useSyncExternalStore(onWorkerState, workerState);
  const [isAgreed, setAgreed] = useState(false);
  if (state !== "waiting" && state !== "changed") {
    return null;
  }
  const take = async () => {
    setAgreed(true);
    await whileNobodySends(who, agree);
    setAgreed(false);
  };
  return (
    <div className="banner" role="status">
      <span>
        A new version of Shelfmark is ready.{" "}
        {isAgreed && "It takes over as soon as nothing is being sent."}
      </span>
      <button type="button" disabled={isAgreed} onClick={() => void take()}>
        Use the new version
      </button>
    </div>
  );
}

/** Keep the queue still until this page is gone, so that no change is between two versions. */
async function whileNobodySends(who: Known | null, act: () => void): Promise<void> {
  const hold = () => {
    act();
    // The reload lets go of it. If none comes, the queue must not stand still for ever.
    return new Promise<void>((resolve) => window.setTimeout(resolve, LOCKED_MS));
  };
  await (who === null ? hold() : alone(outboxLock(who.person.id), true, hold));
}
