import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { databaseCondition, onDatabaseCondition } from "../../offline/database.ts";
import { onWorkerState, workerState } from "../../offline/register.ts";
import { useNet } from "../net.ts";
import { Link } from "../parts.tsx";
import { CHANGES, usePath } from "../router.ts";
import { useStored } from "../stored.ts";
import { useSyncing } from "../syncing.ts";
import type { Known } from "../who.ts";
import { SignInSheet } from "./SignInSheet.tsx";
import { clockTrouble, useSkew } from "./skew.ts";
import { isFleeting, isLow, type Room, room } from "./storage.ts";
import { Update } from "./Update.tsx";
import { count, megabytes } from "./words.ts";

/** What somebody has to know, whatever they are doing. Nothing stands here when all is well. */
export function Notices({ who }: { who: Known | null }) {
  const worker = useSyncExternalStore(onWorkerState, workerState);
  const condition = useSyncExternalStore(onDatabaseCondition, databaseCondition);
  const clock = clockTrouble(useSkew());
  return (
    <div className="notices">
      <Update who={who} />
      {worker === "impossible" && (
        <Notice>
          This address does not begin with https://, so nothing can be kept for later: these pages
          work only while the server can be reached.
        </Notice>
      )}
      {condition === "blocked" && (
        <Notice>
          Another tab of Shelfmark is in the way. Close it, or reload it; this one goes on by
          itself.
        </Notice>
      )}
      {condition === "outdated" && (
        <Notice
          button={
            <button type="button" onClick={() => window.location.reload()}>
              Reload
            </button>
          }
        >
          A newer version of Shelfmark runs in another tab. Reload this one; what you did is kept.
        </Notice>
      )}
      {clock !== null && <Notice>{clock}</Notice>}
      {who !== null && (
        <>
          <Waiting who={who} />
          <Storage />
        </>
      )}
    </div>
  );
}

function Waiting({ who }: { who: Known }) {
  const { store } = who;
  const counts = useStored(store, () => store.counts(), "counts");
  const { needsSignIn } = useSyncing();
  const net = useNet();
  const [isSigningIn, setSigningIn] = useState(false);
  const { waiting = 0, conflict = 0, refused = 0 } = counts ?? {};
  const troubled = conflict + refused;
  const isAtThem = usePath() === CHANGES;
  useBadge(counts === undefined ? null : waiting + troubled);
  const title = waiting === 0 ? "Sign in" : `Sign in to send ${count(waiting, "change")}`;
  return (
    <>
      {needsSignIn && (
        <Notice
          button={
            <button type="button" onClick={() => setSigningIn(true)}>
              Sign in
            </button>
          }
        >
          {title}. You can go on working: everything is kept on this tablet.
        </Notice>
      )}
      {troubled > 0 && !isAtThem && (
        <Notice
          kind="alarm"
          button={
            <Link className="button" to={CHANGES}>
              Decide
            </Link>
          }
        >
          {troubled === 1 ? "1 needs" : `${troubled} need`} your decision.
        </Notice>
      )}
      {waiting > 0 && net === "offline" && !needsSignIn && (
        <Notice kind="calm">
          {count(waiting, "change")} waiting. {SENDING}
        </Notice>
      )}
      {isSigningIn && <SignInSheet title={title} onClose={() => setSigningIn(false)} />}
    </>
  );
}

const SENDING =
  "sync" in (globalThis.ServiceWorkerRegistration?.prototype ?? {})
    ? "What waits is sent when the connection is back, also with this app closed."
    : "Open this app again when there is a connection: it sends while it is open.";

/** Show on the icon of the app how much waits, where the system can. */
function useBadge(number: number | null): void {
  useEffect(() => {
    const { setAppBadge, clearAppBadge } = navigator;
    if (number !== null && setAppBadge !== undefined) {
      const done = number > 0 ? setAppBadge.call(navigator, number) : clearAppBadge.call(navigator);
      done.catch(() => undefined); // not installed, or not allowed
    }
  }, [number]);
}

function Storage() {
  const [found, setFound] = useState<Room | null>(null);
  useEffect(() => void room().then(setFound), []);
  if (found === null) {
    return null;
  }
  return (
    <>
      {isLow(found) && (
        <Notice>
          Only {megabytes(found.free ?? 0)} are free on this tablet. Make room, or what you do soon
          finds no place to wait.
        </Notice>
      )}
      {isFleeting(found) && (
        <Notice>
          This tablet deletes what Shelfmark keeps after a week without a visit. Add Shelfmark to
          the Home Screen (Share, then Add to Home Screen) and use it from there.
        </Notice>
      )}
    </>
  );
}

export function Notice(props: {
  kind?: "warn" | "alarm" | "calm";
  button?: ReactNode;
  children: ReactNode;
}) {
  const { kind = "warn", button, children } = props;
  return (
    <div className={`banner ${kind}`} role="status">
      <span>{children}</span>
      {button}
    </div>
  );
}
