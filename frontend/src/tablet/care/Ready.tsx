import { useState } from "react";
import { age } from "../../ui/words.ts";
import { ensureModel, type ModelState } from "../model.ts";
import { currentNet } from "../net.ts";
import { Link, Title } from "../parts.tsx";
import { READY } from "../router.ts";
import { readNow, useSyncing } from "../syncing.ts";
import { useNow } from "../useNow.ts";
import type { Known } from "../who.ts";
import { when } from "../words.ts";
import { CopyReport } from "./CopyReport.tsx";
import { type Gap, gaps, readiness } from "./readiness.ts";
import { useHeld } from "./useHeld.ts";
import { megabytes } from "./words.ts";

type All = Exclude<ReturnType<typeof useHeld>, undefined>;

/** What is on this tablet, how old it is, and how much room it takes. */
export function Ready({ who }: { who: Known }) {
  const all = useHeld(who);
  const { isPulling } = useSyncing();
  const [said, setSaid] = useState("");
  if (all === undefined) {
    return (
      <>
        <Title>What is on this tablet</Title>
        <p role="status">Looking…</p>
      </>
    );
  }
  const { held, facts, model } = all;
  const missing = gaps(held);
  const fetchAgain = async () => {
    setSaid("");
    await Promise.all([readNow(), ensureModel(true)]);
    setSaid(currentNet() === "offline" ? "The server cannot be reached." : "");
  };
  return (
    <div className="care">
      <Title>What is on this tablet</Title>
      <section
        aria-label={missing.length === 0 ? "Ready for offline" : "Not ready for offline yet"}
      >
        <p className={`banner ${missing.length === 0 ? "good" : "warn"}`} role="status">
          {readiness(missing)}
        </p>
        <Remedies missing={missing} />
      </section>
      <Fetching products={facts.products} model={model} />
      <div className="card">
        <Numbers all={all} />
        <p className="row">
          <button
            type="button"
            className="main"
            disabled={isPulling}
            onClick={() => void fetchAgain()}
          >
            Look for what is new
          </button>
          <CopyReport who={who} onSaid={setSaid} />
        </p>
        <p role="status" className="quiet">
          {said}
        </p>
      </div>
    </div>
  );
}

/** How far it is with what is on its way. */
function Fetching({ products, model }: { products: number; model: ModelState }) {
  const { isPulling, progress } = useSyncing();
  return (
    <>
      {isPulling && (
        <p className="fetching">
          <label>
            {progress === null || progress.total === 0
              ? `Reading the catalogue: ${products.toLocaleString("en")} products so far`
              : `Reading the catalogue: ${progress.done.toLocaleString("en")} of ${progress.total.toLocaleString("en")}`}
            <progress {...(progress?.total && { value: progress.done, max: progress.total })} />
          </label>
        </p>
      )}
      {model.progress !== null && (
        <p className="fetching">
          <label>
            Fetching the model: {Math.floor((model.progress ?? 0) * 100)} %
            <progress value={model.progress ?? 0} max={1} />
          </label>
        </p>
      )}
    </>
  );
}

function Numbers({ all }: { all: All }) {
  const now = useNow();
  const { held, facts, model, space } = all;
  const rows: [string, string][] = [
    ["Products", facts.products.toLocaleString("en")],
    ["Categories", facts.categories.toLocaleString("en")],
    ["Waiting for review", facts.queue.toLocaleString("en")],
    ["Last answers of the server", facts.predictions.toLocaleString("en")],
    ["Model", modelInWords(model)],
    ["Camera scanner", SCANNER[String(held.hasScanner)] ?? ""],
    [
      "Read from the server",
      facts.lastPull === null
        ? "not yet"
        : `${when(new Date(facts.lastPull), now)} (${age(new Date(facts.lastPull), now)})`,
    ],
    ["Room taken", space?.used == null ? "not known" : megabytes(space.used)],
    ["Room left", space?.free == null ? "not known" : megabytes(space.free)],
  ];
  return (
    <dl className="fields">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const SCANNER: Record<string, string> = {
  true: "here",
  false: "not here yet",
  null: "not known",
};

function modelInWords({ state, version, bytes, trouble }: ModelState): string {
  switch (state) {
    case "ready":
      return `${version}, ${megabytes(bytes)}`;
    case "fetching":
      return "being fetched";
    case "failed":
      return trouble ?? "not here";
    default:
      return "none";
  }
}

function Remedies({ missing }: { missing: readonly Gap[] }) {
  const said = [...new Set(missing.map(({ remedy }) => remedy))];
  return said.length === 0 ? null : (
    <ul>
      {said.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}

/** The same in one line. */
export function ReadyLine({ who }: { who: Known }) {
  const now = useNow();
  const all = useHeld(who);
  if (all === undefined) {
    return <p className="ready">&nbsp;</p>;
  }
  const { held, facts } = all;
  const missing = gaps(held);
  return (
    <p className="ready quiet">
      <Link to={READY}>
        {missing.length === 0 ? "Ready for offline" : "Not ready for offline yet"}
      </Link>
      <span>
        {facts.products.toLocaleString("en")} products
        {facts.lastPull !== null && `, read ${age(new Date(facts.lastPull), now)}`}
      </span>
    </p>
  );
}
