import { useEffect, useMemo, useState } from "react";
import type { Alternative, Suggested } from "../../api/types.ts";
import type { Change, TabletAnswer } from "../../offline/changes.ts";
import { featuresOf } from "../../offline/features.ts";
import { PATIENCE_S } from "../../offline/rules.ts";
import type { Shown } from "../../offline/store.ts";
import { age, answeredBy, need, percent, short } from "../../ui/words.ts";
import { kept } from "../care/trouble.ts";
import { liveModel } from "../loadModel.ts";
import { useModel } from "../model.ts";
import { useNet } from "../net.ts";
import { useNow } from "../useNow.ts";
import { type Known, may } from "../who.ts";
import { when } from "../words.ts";
import { Decide, madeOf } from "./Decide.tsx";
import { compared, is, provisionalOf } from "./states.ts";
import { offered, type Suggestion } from "./suggesting.ts";
import { useServerAnswer } from "./useServerAnswer.ts";
import { useTabletAnswer } from "./useTabletAnswer.ts";
import { Why } from "./Why.tsx";

interface Properties {
  who: Known;
  shown: Shown;
  /** Those of this product, the newest last. Undefined: not read yet. */
  changes: readonly Change[] | undefined;
}

/** Where the product belongs, as the server's model sees it, or else this tablet's. */
export function Prediction({ who, shown, changes }: Properties) {
  const mayAsk = may(who.person, "predictions.add_prediction");
  const [isChoosing, setChoosing] = useState(false);
  const { suggestion, server, isEdited, isAsking, problem, ask } = useSuggestion(
    who,
    shown,
    changes,
    mayAsk,
  );
  const steady = useUnless(isChoosing, suggestion);
  const { product } = shown;
  return (
    <section className="card" aria-labelledby="suggestion" aria-busy={isAsking}>
      <div className="row heading">
        <h2 id="suggestion">Where it belongs</h2>
        {mayAsk && "id" in shown.ref && (
          <button
            type="button"
            className="plain main"
            disabled={isAsking || isChoosing || isEdited}
            onClick={ask}
          >
            Re-analyze
          </button>
        )}
      </div>
      {steady?.source === "server" && <Freshness suggestion={steady} isEdited={isEdited} />}
      {steady?.source === "tablet" && <Provisional answer={steady.answer} />}
      <p role="status" className={steady === null ? "" : "quiet news"}>
        {isAsking
          ? `Asking for a ${steady === null ? "suggestion" : "fresh answer"}…`
          : steady === null
            ? nothing(mayAsk, problem)
            : problem}
      </p>
      <Agreement changes={changes ?? []} server={server} />
      {steady !== null && (
        <Said
          suggestion={steady}
          shown={shown}
          isDecided={madeOf(steady, changes ?? []) !== null}
        />
      )}
      {changes !== undefined && !(isAsking && steady === null) && (
        <Decide
          key={keyOf(steady)}
          who={who}
          shown={shown}
          suggestion={steady}
          changes={changes}
          isChoosing={isChoosing}
          onChoosing={setChoosing}
        />
      )}
      {steady !== null && (
        <>
          <Alternatives of={steady.answer.alternatives} />
          {(steady.source === "tablet" || may(who.person, "predictions.view_prediction")) && (
            <Why
              key={`why ${keyOf(steady)}`}
              suggestion={steady}
              product={product}
              isEdited={isEdited}
            />
          )}
          {steady.source === "server" && <Provenance answer={steady.answer} />}
        </>
      )}
    </section>
  );
}

/** Ask the server; answer here when it does not answer, and let it check that later. */
function useSuggestion(
  who: Known,
  shown: Shown,
  changes: readonly Change[] | undefined,
  mayAsk: boolean,
) {
  const { ref, product, waiting } = shown;
  const id = "id" in ref ? ref.id : null;
  // While an edit waits, the server knows another product than the one on the screen.
  const isEdited = waiting.some((one) => is(one, "product.edit"));
  const question = JSON.stringify(featuresOf(product));
  const server = useServerAnswer(who, mayAsk ? id : null, isEdited ? null : question);
  const isUnknown = id === null || isEdited;
  const isHereFor = usePatience(isUnknown && mayAsk);
  const isLate = isUnknown ? isHereFor : server.isLate;
  const isTabletAsked = mayAsk && (isUnknown || (server.answer === null && isLate));
  const mine = useTabletAnswer(product, isTabletAsked);
  const [problem, setProblem] = useState("");

  const isMine = isTabletAsked && mine !== null && mine !== undefined;
  const isUnoffered = isMine && changes !== undefined && provisionalOf(changes, mine) === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each answer
  useEffect(() => {
    if (isUnoffered && isLate && isMine) {
      offered(who.store, shown, mine).catch((error) => setProblem(kept(error as Error)));
    }
  }, [isUnoffered, isLate, mine]);

  const here = useMemo<Suggestion | null>(
    () => (isMine ? { source: "tablet", answer: mine } : null),
    [isMine, mine],
  );
  const isAsking = isUnknown ? isTabletAsked && mine === undefined : server.isAsking && !isMine;
  return {
    suggestion: isUnknown ? (here ?? server.answer) : (server.answer ?? here),
    server: server.answer?.answer ?? null,
    isEdited,
    isAsking,
    problem: problem || server.problem,
    ask: server.ask,
  };
}

/** Whether it has been so for as long as the server is waited for; at once without a connection. */
function usePatience(isSo: boolean): boolean {
  const isOffline = useNet() === "offline";
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    setOver(false);
    if (isSo) {
      const timer = window.setTimeout(() => setOver(true), PATIENCE_S * 1000);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  }, [isSo]);
  return isSo && (isOver || isOffline);
}

/** Return the value as it was before `isHeld`, and what it is now as soon as it is not. */
function useUnless<T>(isHeld: boolean, value: T): T {
  const [held, setHeld] = useState(value);
  if (!isHeld && held !== value) {
    setHeld(value);
  }
  return isHeld ? held : value;
}

function keyOf(suggestion: Suggestion | null): string {
  if (suggestion === null) {
    return "none";
  }
  const { source, answer } = suggestion;
  return source === "server" ? suggestion.answer.id : JSON.stringify(answer);
}

function nothing(mayAsk: boolean, problem: string): string {
  return mayAsk
    ? `There is no suggestion on this tablet. ${problem}`
    : "Your role does not ask for suggestions.";
}

/** How old the server's answer is, and whether it is about what is on the screen. */
function Freshness(props: {
  suggestion: Extract<Suggestion, { source: "server" }>;
  isEdited: boolean;
}) {
  const { answer, at, isCached } = props.suggestion;
  const now = useNow();
  const { sha256, at: since } = useModel();
  const live = liveModel() ?? (since === null ? null : { sha256, since: new Date(since) });
  const isStale =
    answer.decision_path === "live" &&
    live !== null &&
    answer.model !== live.sha256 &&
    at < live.since;
  return (
    <>
      {isCached && (
        <p className="banner warn" role="status">
          {/* The age grows: nobody wants to hear of it every minute. */}
          Displaying cached data from {when(at, now)} <span aria-live="off">({age(at, now)}).</span>
        </p>
      )}
      {isStale && (
        <p className="banner warn" role="status">
          Another model is live by now. Re-analyze to ask that one.
        </p>
      )}
      {props.isEdited && (
        <p className="banner warn" role="status">
          This is about the product as it was before your change.
        </p>
      )}
    </>
  );
}

function Provisional({ answer }: { answer: TabletAnswer }) {
  return (
    <p className="banner provisional">
      <span>
        <strong>Provisional, on this tablet</strong> (model{" "}
        <code>{short(answer.model_sha256)}</code>). The server says what it thinks as soon as it can
        be reached.
      </span>
    </p>
  );
}

/** What the server said to what this tablet had answered. */
function Agreement(props: { changes: readonly Change[]; server: Suggested | null }) {
  const last = props.changes.filter((one) => is(one, "prediction.provisional")).at(-1);
  const sentence = last === undefined ? null : compared(last, props.server);
  return sentence === null ? null : (
    <p className={last?.result?.agreement === "same" ? "banner good" : "banner warn"} role="status">
      {sentence}
    </p>
  );
}

function Said(props: { suggestion: Suggestion; shown: Shown; isDecided: boolean }) {
  const { suggestion, shown, isDecided } = props;
  const { category, confidence_ppm } = suggestion.answer;
  const { product } = shown;
  const isThere = product.category_source === "person" && product.category === category;
  return (
    <>
      {category !== null && confidence_ppm !== null && (
        <>
          <p className="category">{category}</p>
          <Confidence ppm={confidence_ppm} />
        </>
      )}
      {isThere && !isDecided && <p className="verdict good">A person put it there, too.</p>}
      {!isThere && suggestion.source === "server" && (
        <p className={suggestion.answer.needs_review ? "verdict warn" : "verdict good"}>
          {need(suggestion.answer)}
        </p>
      )}
    </>
  );
}

function Alternatives({ of }: { of: readonly Pick<Alternative, "category" | "confidence_ppm">[] }) {
  if (of.length === 0) {
    return null;
  }
  return (
    <>
      <h3>It could also be</h3>
      <ol className="alternatives">
        {of.slice(0, 4).map((one) => (
          <li key={one.category}>
            <span>{one.category}</span>
            <span className="number">{percent(one.confidence_ppm)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function Provenance({ answer }: { answer: Suggested }) {
  return (
    <dl className="fields small">
      <div>
        <dt>Answered</dt>
        <dd>
          {answeredBy(answer.decision_path, [])}
          {answer.model !== null && (
            <>
              {" "}
              (<code>{short(answer.model)}</code>)
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Receipt</dt>
        <dd>
          <code data-receipt={answer.id}>{answer.id}</code>
        </dd>
      </div>
      <div>
        <dt>Made</dt>
        <dd>
          <time dateTime={answer.made_at}>{when(new Date(answer.made_at), new Date())}</time>
        </dd>
      </div>
    </dl>
  );
}

function Confidence({ ppm }: { ppm: number }) {
  return (
    <p className="confidence">
      <meter min={0} max={1_000_000} value={ppm} aria-label="Confidence" />
      <span>{percent(ppm)} sure</span>
    </p>
  );
}
