// What stands around every screen: the connection, the person, and a new version.
import {
  type ComponentType,
  type FormEvent,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { agree, onWorkerState, workerState } from "../offline/register.ts";
import { loadWitness } from "./loadWitness.ts";
import { type Net, useNet } from "./net.ts";
import { useUnsent } from "./unsent.ts";
import { clearAway, type Known, useWho } from "./who.ts";
import { when } from "./words.ts";

const CONNECTION: Record<Net, string> = {
  asking: "Looking for the server…",
  online: "Online",
  slow: "Connected, but slow",
  offline: "No connection: showing what is on this tablet",
};

export function ConnectionLine() {
  const net = useNet();
  return (
    <p className={`connection ${net}`} role="status">
      <span className="dot" aria-hidden="true" />
      {CONNECTION[net]}
    </p>
  );
}

export function Account() {
  const who = useWho();
  if (who.state !== "known") {
    return null;
  }
  const { person, isConfirmed } = who;
  return (
    <div className="account">
      <span>
        Signed in as {person.name}
        {isConfirmed ? "" : `, last seen online ${when(new Date(person.seenAt), new Date())}`}
      </span>
      {isConfirmed && <SignOut who={who} />}
    </div>
  );
}

function SignOut({ who }: { who: Known }) {
  const [isLeaving, setLeaving] = useState(false);
  const leave = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setLeaving(true);
    void clearAway(who).finally(() => form.submit());
  };
  return (
    <form method="post" action="/sign-out" onSubmit={leave}>
      <input type="hidden" name="csrfmiddlewaretoken" value={who.csrf} />
      <button type="submit" className="plain" disabled={isLeaving}>
        Sign out
      </button>
    </form>
  );
}

/** What this tablet knows of the server's log, as soon as the chunk that knows it is there. */
export function Log() {
  const [Witness, setWitness] = useState<ComponentType | null>(null);
  useEffect(() => {
    // Not kept yet and no connection: the next start has it.
    void loadWitness().then(
      (module) => setWitness(() => module.Witness),
      () => undefined,
    );
  }, []);
  // A line is kept free, so that nothing moves under a finger when it comes.
  return Witness ? <Witness /> : <p className="log">&nbsp;</p>;
}

/** Asks before a new version takes over, and never while a decision may be lost by it. */
export function Update() {
  const state = useSyncExternalStore(onWorkerState, workerState);
  const isUnsent = useUnsent();
  if (state === "impossible") {
    return (
      <p className="banner warn" role="status">
        This address does not begin with https://, so nothing can be kept for later: these pages
        work only while the server can be reached.
      </p>
    );
  }
  if (state !== "waiting" && state !== "changed") {
    return null;
  }
  return (
    <div className="banner" role="status">
      <span>
        A new version of Shelfmark is ready.
        {isUnsent && " Finish what you are sending first."}
      </span>
      <button type="button" disabled={isUnsent} onClick={agree}>
        Use the new version
      </button>
    </div>
  );
}
