import { useEffect, useId, useState } from "react";
import { Refused } from "../../api/client.ts";
import { newKey } from "../../api/keys.ts";
import type { Category, CategoryPage, Review, Suggested } from "../../api/types.ts";
import { useNet } from "../net.ts";
import { settled, startSending } from "../unsent.ts";
import { type Known, may, request } from "../who.ts";

interface Decision {
  /** Made once: however often it is sent, the server carries it out once. */
  key: string;
  /** Null: the suggestion is right. */
  category: string | null;
}

type State =
  | { step: "open" | "choosing" }
  | { step: "sending" | "unknown"; decision: Decision }
  | { step: "done"; review: Review }
  | { step: "refused"; why: string };

/** Accept the suggestion, or say which category is right. */
export function Decide(props: {
  who: Known;
  answer: Suggested;
  isAsking: boolean;
  onReviewed: () => Promise<void>;
}) {
  const { who, answer, isAsking, onReviewed } = props;
  const [state, setState] = useState<State>({ step: "open" });
  const isOffline = useNet() === "offline";

  const send = async (decision: Decision) => {
    setState({ step: "sending", decision });
    try {
      const { data } = await request<Review>(`predictions/${answer.id}/review`, {
        method: "POST",
        body: decision.category === null ? {} : { category: decision.category },
        idempotencyKey: decision.key,
      });
      setState({ step: "done", review: data });
      await onReviewed();
    } catch (error) {
      if (error instanceof Refused && error.status < 500) {
        setState({ step: "refused", why: error.message });
      } else {
        setState({ step: "unknown", decision });
      }
    }
  };
  // Until the server has it, nothing reloads the page, except whoever leaves the product.
  const unsent = state.step === "unknown" || state.step === "sending" ? state.decision.key : null;
  useEffect(() => {
    if (unsent === null) {
      return;
    }
    startSending(unsent);
    return () => settled(unsent);
  }, [unsent]);
  const decide = (category: string | null) => void send({ key: newKey(), category });

  if (state.step === "done") {
    return (
      <p className="banner good" role="status">
        {state.review.outcome === "accepted" ? "Accepted" : "Corrected"}: the product is filed under{" "}
        {state.review.category}.
      </p>
    );
  }
  if (state.step === "sending") {
    return <p role="status">Sending your decision…</p>;
  }
  if (state.step === "unknown") {
    return (
      <div className="banner alarm" role="alert">
        <span>
          Nobody knows whether the server has your decision
          {state.decision.category !== null && ` (${state.decision.category})`}. Keep this page open
          and send it again: it counts once, however often it is sent.
        </span>
        <button type="button" onClick={() => void send(state.decision)}>
          Send again
        </button>
      </div>
    );
  }
  const isClosed = isOffline || isAsking;
  return (
    <div className="decide">
      {state.step === "refused" && (
        <p className="banner alarm" role="alert">
          {state.why}
        </p>
      )}
      <p className="row">
        {answer.category !== null && (
          <button type="button" className="main" disabled={isClosed} onClick={() => decide(null)}>
            Accept
          </button>
        )}
        <button
          type="button"
          className="plain main"
          disabled={isClosed}
          aria-expanded={state.step === "choosing"}
          onClick={() => setState({ step: state.step === "choosing" ? "open" : "choosing" })}
        >
          {answer.category === null ? "Choose a category" : "Choose another category"}
        </button>
      </p>
      {isOffline && (
        <p className="quiet">
          Accepting and correcting need a connection: a decision is not kept on this tablet yet.
        </p>
      )}
      {state.step === "choosing" && !isOffline && <Choose who={who} onChosen={decide} />}
    </div>
  );
}

function Choose({ who, onChosen }: { who: Known; onChosen: (category: string) => void }) {
  const field = useId();
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly Category[] | null>(null);
  const [problem, setProblem] = useState("");
  if (!may(who.person, "inventory.view_category")) {
    return <p>Your role does not look at categories.</p>;
  }
  const search = async () => {
    setProblem("");
    try {
      const asked = `categories?search=${encodeURIComponent(text.trim())}&limit=20`;
      setFound((await request<CategoryPage>(asked)).data.results);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <search aria-label="Categories">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void search();
        }}
      >
        <label htmlFor={field}>Words of the right category</label>
        <div className="row">
          <input
            id={field}
            type="search"
            autoComplete="off"
            // biome-ignore lint/a11y/noAutofocus: somebody has just asked for this field
            autoFocus
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" className="plain main">
            Search
          </button>
        </div>
        <p role="status" className="quiet">
          {problem ||
            (found !== null &&
              (found.length === 0
                ? "No category has all of these words."
                : `${found.length === 20 ? "The first 20" : found.length} found. Choose one.`))}
        </p>
        <ul className="list">
          {found?.map((category) => (
            <li key={category.id}>
              <button type="button" className="choice" onClick={() => onChosen(category.path)}>
                {category.path}
              </button>
            </li>
          ))}
        </ul>
      </form>
    </search>
  );
}
