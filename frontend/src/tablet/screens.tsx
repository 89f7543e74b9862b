// Which screen is at which address. Each comes in a chunk of its own, so that the tablet starts
// with little; the worker keeps them all from the start.
import { type ReactNode, useEffect, useState } from "react";
import { screenKey } from "./moved.ts";
import { Nowhere, Title } from "./parts.tsx";
import type { Route } from "./router.ts";
import type { Known } from "./who.ts";

const CHUNKS = {
  work: () => import("./work/work.tsx"),
  care: () => import("./care/care.tsx"),
  scan: () => import("./scan/scan.tsx"),
};
type Chunks = { [Name in keyof typeof CHUNKS]: Awaited<ReturnType<(typeof CHUNKS)[Name]>> };

const loaded: Partial<Chunks> = {};

async function load<Name extends keyof Chunks>(name: Name): Promise<void> {
  loaded[name] ??= (await CHUNKS[name]()) as Chunks[Name];
}

/** The screen of a route, for whoever is known here. */
export function Screen({ route, who }: { route: Route; who: Known }) {
  switch (route.name) {
    case "home":
      return <Chunk name="work">{({ Home }) => <Home who={who} />}</Chunk>;
    case "product":
    case "edit":
      return (
        <Chunk name="work">
          {({ ProductScreen, EditScreen }) => {
            const Shown = route.name === "edit" ? EditScreen : ProductScreen;
            return (
              <Shown key={`${who.person.id} ${screenKey(route.ref)}`} who={who} at={route.ref} />
            );
          }}
        </Chunk>
      );
    case "new":
      return (
        <Chunk name="work">
          {({ NewScreen }) => <NewScreen key={route.code} who={who} code={route.code} />}
        </Chunk>
      );
    case "review":
      return <Chunk name="care">{({ Review }) => <Review who={who} />}</Chunk>;
    case "changes":
      return <Chunk name="care">{({ Changes }) => <Changes who={who} />}</Chunk>;
    case "ready":
      return <Chunk name="care">{({ Ready }) => <Ready who={who} />}</Chunk>;
    case "scan":
      return <Chunk name="scan">{({ Camera }) => <Camera who={who} />}</Chunk>;
    case "nowhere":
      return <Nowhere />;
  }
}

function Chunk<Name extends keyof Chunks>(props: {
  name: Name;
  children: (screens: Chunks[Name]) => ReactNode;
}) {
  const { name, children } = props;
  const [attempt, setAttempt] = useState(0);
  const [outcome, setOutcome] = useState({ name, attempt: -1, isThere: false });
  useEffect(() => {
    let isOver = false;
    const tell = (isThere: boolean) => isOver || setOutcome({ name, attempt, isThere });
    load(name).then(
      () => tell(true),
      () => tell(false),
    );
    return () => {
      isOver = true;
    };
  }, [name, attempt]);
  const screens = loaded[name];
  if (screens !== undefined) {
    return children(screens);
  }
  if (!outcome.isThere && outcome.name === name && outcome.attempt === attempt) {
    return (
      <>
        <Title>This part of Shelfmark is not on this tablet yet</Title>
        <p>The server could not be reached to fetch it. Try again when there is a connection.</p>
        <button type="button" className="main" onClick={() => setAttempt(attempt + 1)}>
          Try again
        </button>
      </>
    );
  }
  return <p role="status">Opening…</p>;
}
