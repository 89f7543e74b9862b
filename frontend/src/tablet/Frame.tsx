// What stands around every screen: where one can go, the connection, and the person.
import { useEffect, useState } from "react";
import type * as Care from "./care/care.tsx";
import { loadWitness } from "./loadWitness.ts";
import { type Net, useNet } from "./net.ts";
import { Link } from "./parts.tsx";
import { CHANGES, HOME, REVIEW, SCAN, usePath } from "./router.ts";
import { useStored } from "./stored.ts";
import { type Known, signOut } from "./who.ts";
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

/** Where one can go, with what waits there. */
export function Places({ who: { store } }: { who: Known }) {
  const path = usePath().replace(/\?.*/, "");
  const counts = useStored(store, () => store.counts(), "counts");
  const queue = useStored(store, async () => (await store.queue()).length, "queue");
  const places: [string, string, string][] = [
    [HOME, "Find", "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14M15 15l6 6"],
    [SCAN, "Scan", "M4 5v14M8 5v14M11 5v14M16 5v14M20 5v14"],
    [REVIEW, queue ? `Review (${queue})` : "Review", "M3 5h18v12H9l-5 4v-4H3zM8 11l3 3 5-5"],
    [
      CHANGES,
      counts?.waiting ? `Changes (${counts.waiting} waiting)` : "Changes",
      "M7 21V4L3 8M7 4l4 4M17 3v17l4-4M17 20l-4-4",
    ],
  ];
  return (
    <nav className="places" aria-label="Shelfmark">
      {places.map(([to, name, icon]) => (
        <Link key={to} to={to} isCurrent={to === path}>
          <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path d={icon} />
          </svg>
          {name}
        </Link>
      ))}
    </nav>
  );
}

export function Account({ who, care }: { who: Known; care: typeof Care | null }) {
  const { person, isConfirmed, store } = who;
  const [asked, setAsked] = useState<{ waiting: number; troubled: number } | null>(null);
  const leave = async () => {
    const { waiting, conflict, refused } = await store.counts();
    const troubled = conflict + refused;
    if (waiting + troubled === 0) {
      await signOut("send");
    } else {
      setAsked({ waiting, troubled });
    }
  };
  return (
    <div className="account">
      <span>
        Signed in as {person.name}
        {isConfirmed ? "" : `, last seen online ${when(new Date(person.seenAt), new Date())}`}
      </span>
      <button type="button" className="plain" onClick={() => void leave()}>
        Sign out
      </button>
      {asked !== null && care !== null && (
        <care.SignOutDialog who={who} {...asked} onClose={() => setAsked(null)} />
      )}
    </div>
  );
}

/** What this tablet knows of the server's log. Not kept yet and no connection: the next start has it. */
export function Log() {
  const chunk = useChunk(loadWitness);
  // A line is kept free, so that nothing moves under a finger when it comes.
  return chunk ? <chunk.Witness /> : <p className="log">&nbsp;</p>;
}

/** What comes in a chunk of its own, as soon as it is there. */
export function useChunk<T>(load: () => Promise<T>): T | null {
  const [chunk, setChunk] = useState<T | null>(null);
  const isOffline = useNet() === "offline";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another connection is another chance
  useEffect(() => {
    void load().then(
      (loaded) => setChunk(() => loaded),
      () => undefined,
    );
  }, [isOffline]);
  return chunk;
}
