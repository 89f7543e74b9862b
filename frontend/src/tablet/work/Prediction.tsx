import { useCallback, useEffect, useState } from "react";
import { Refused } from "../../api/client.ts";
import type { Product, Suggested } from "../../api/types.ts";
import { age, answeredBy, need, percent, short } from "../../ui/words.ts";
import { useUnsent } from "../unsent.ts";
import { useNow } from "../useNow.ts";
import { type Known, may, request } from "../who.ts";
import { when } from "../words.ts";
import { Decide } from "./Decide.tsx";
import { Why } from "./Why.tsx";

const NOT_AGAIN = "The server could not be asked again. This is still the answer from before.";

interface Shown {
  answer: Suggested;
  /** When this answer reached the tablet. */
  at: Date;
  /** Kept from an earlier time, because the server did not answer now. */
  isCached: boolean;
}

/** Where the product belongs, as a model sees it, with the receipt of that answer. */
export function Prediction(props: {
  who: Known;
  product: Product;
  onReviewed: () => Promise<void>;
}) {
  const { who, product, onReviewed } = props;
  const mayAsk = may(who.person, "predictions.add_prediction");
  const { shown, isAsking, problem, ask } = usePrediction(who, product.id, mayAsk);
  // Another answer would take the place of the one that somebody is deciding about.
  const isUnsent = useUnsent();
  return (
    <section className="card" aria-labelledby="suggestion" aria-busy={isAsking}>
      <div className="row heading">
        <h2 id="suggestion">Where it belongs</h2>
        {mayAsk && (
          <button
            type="button"
            className="plain main"
            disabled={isAsking || isUnsent}
            onClick={() => ask(true)}
          >
            Re-analyze
          </button>
        )}
      </div>
      {shown?.isCached && <CachedBanner at={shown.at} />}
      <p role="status" className={shown === null ? "" : "quiet news"}>
        {isAsking
          ? `Asking for a ${shown === null ? "suggestion" : "fresh answer"}…`
          : shown === null
            ? nothing(mayAsk, problem)
            : problem}
      </p>
      {shown !== null && (
        <>
          <Suggestion answer={shown.answer} />
          {may(who.person, "predictions.review_prediction") && (
            <Decide
              key={shown.answer.id}
              who={who}
              answer={shown.answer}
              isAsking={isAsking}
              onReviewed={onReviewed}
            />
          )}
          <Alternatives answer={shown.answer} />
          {may(who.person, "predictions.view_prediction") && (
            <Why key={`why ${shown.answer.id}`} answer={shown.answer} />
          )}
          <Provenance answer={shown.answer} />
        </>
      )}
    </section>
  );
}

function CachedBanner({ at }: { at: Date }) {
  const now = useNow();
  return (
    <p className="banner warn" role="status">
      {/* The age grows: nobody wants to hear of it every minute. */}
      Displaying cached data from {when(at, now)} <span aria-live="off">({age(at, now)}).</span>
    </p>
  );
}

function nothing(mayAsk: boolean, problem: string): string {
  if (!mayAsk) {
    return "Your role does not ask for suggestions.";
  }
  return `There is no suggestion on this tablet. ${problem}`;
}

function usePrediction(who: Known, id: number, mayAsk: boolean) {
  const { store } = who;
  const [shown, setShown] = useState<Shown | null>(null);
  const [isAsking, setAsking] = useState(mayAsk);
  const [problem, setProblem] = useState("");

  const ask = useCallback(
    async (isUrgent: boolean, signal?: AbortSignal) => {
      setAsking(true);
      setProblem("");
      try {
        const options = { isUrgent, ...(signal ? { signal } : {}) };
        const told = await request<Suggested>(`products/${id}/prediction`, options);
        const { data, isCached, cachedAt } = told;
        const now = new Date();
        if (!isCached) {
          await store.keepPrediction(id, data, now);
        } else if (isUrgent) {
          setProblem(NOT_AGAIN);
        }
        setShown({ answer: data, at: cachedAt ?? now, isCached });
      } catch (error) {
        if (signal?.aborted) {
          return;
        }
        const kept = await store.prediction(id);
        if (kept !== undefined) {
          setShown({ answer: kept.answer, at: new Date(kept.storedAt), isCached: true });
        }
        if (error instanceof Refused) {
          setProblem(error.message);
        } else if (kept === undefined) {
          setProblem("The server cannot be reached. Try again when there is a connection.");
        } else if (isUrgent) {
          setProblem(NOT_AGAIN);
        }
      }
      setAsking(false);
    },
    [store, id],
  );

  useEffect(() => {
    if (!mayAsk) {
      return;
    }
    const over = new AbortController();
    // What is kept is on the screen while the server thinks.
    void store.prediction(id).then((kept) => {
      if (kept !== undefined && !over.signal.aborted) {
        const { answer, storedAt } = kept;
        setShown((now) => now ?? { answer, at: new Date(storedAt), isCached: false });
      }
    });
    void ask(false, over.signal);
    return () => over.abort();
  }, [store, id, mayAsk, ask]);

  return { shown, isAsking, problem, ask: (isUrgent: boolean) => void ask(isUrgent) };
}

function Suggestion({ answer }: { answer: Suggested }) {
  return (
    <>
      {answer.category !== null && answer.confidence_ppm !== null && (
        <>
          <p className="category">{answer.category}</p>
          <Confidence ppm={answer.confidence_ppm} />
        </>
      )}
      <p className={answer.needs_review ? "verdict warn" : "verdict good"}>{need(answer)}</p>
    </>
  );
}

function Alternatives({ answer }: { answer: Suggested }) {
  if (answer.alternatives.length === 0) {
    return null;
  }
  return (
    <>
      <h3>It could also be</h3>
      <ol className="alternatives">
        {answer.alternatives.slice(0, 4).map((one) => (
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
