import { useState } from "react";
import type { Waiting } from "../../api/types.ts";
import { discard, enqueue } from "../../offline/outbox.ts";
import type { Store } from "../../offline/store.ts";
import { useFocus } from "../../ui/useFocus.ts";
import { useKeysWanted } from "../../ui/useKeys.ts";
import { useNet } from "../net.ts";
import { Link, Title } from "../parts.tsx";
import { HOME } from "../router.ts";
import { useStored } from "../stored.ts";
import { type Known, may } from "../who.ts";
import { State } from "./Icon.tsx";
import { Item } from "./Item.tsx";
import { after, decision, type Last, START, sentence, takenBack, todo } from "./sitting.ts";
import { kept as whyNotKept } from "./trouble.ts";
import { reason } from "./words.ts";

/** One product after the other that a model was not sure about, the least certain first. */
export function Review({ who }: { who: Known }) {
  const { store, person } = who;
  const queue = useStored(store, () => store.queue(), "queue");
  const { sitting, isBusy, problem, decide, undo } = useSitting(store);
  const [areKeysWanted, setKeysWanted] = useKeysWanted();

  if (!may(person, "predictions.review_prediction")) {
    return (
      <>
        <Title>Review</Title>
        <p>Your role does not review suggestions. Ask an administrator if you need to.</p>
      </>
    );
  }
  const left = queue === undefined ? [] : todo(queue, sitting);
  const [current] = left;
  const done = sitting.done.length;

  return (
    <div className="care">
      <div className="row heading">
        <Title>Review</Title>
        <label className="keys">
          <input
            type="checkbox"
            checked={areKeysWanted}
            onChange={({ target }) => setKeysWanted(target.checked)}
          />
          Answer with the keys 1, 2 and 3
        </label>
      </div>
      {problem && (
        <p className="banner alarm" role="alert">
          {problem}
        </p>
      )}
      {queue === undefined && <p role="status">Reading what waits for you…</p>}
      {current !== undefined && (
        <>
          <Done who={who} last={sitting.last} onUndo={(last) => void undo(last)} />
          <p className="progress">
            <progress value={done} max={done + left.length} aria-label="Done in this sitting" />
            <span className="number">
              {done + 1} of {done + left.length}
            </span>
          </p>
          <Item
            key={current.prediction.receipt_id}
            store={store}
            waiting={current}
            areKeysWanted={areKeysWanted}
            isNext={done > 0}
            isBusy={isBusy}
            onDecide={(category) => void decide(current, category)}
          />
        </>
      )}
      {queue !== undefined && current === undefined && (
        <>
          {done > 0 && <Done who={who} last={sitting.last} onUndo={(last) => void undo(last)} />}
          <Empty done={done} />
        </>
      )}
    </div>
  );
}

/** What was done here, and the ways to do more and to take the last one back. */
function useSitting(store: Store) {
  const [sitting, setSitting] = useState(START);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const decide = async (waiting: Waiting, category: string | null) => {
    setBusy(true);
    setProblem("");
    try {
      // Only now is it on this tablet, also if the battery dies.
      const { id } = await enqueue(store, decision(waiting, category));
      const receipt = waiting.prediction.receipt_id;
      setSitting((now) => after(now, { id, receipt, said: sentence(waiting, category) }));
    } catch (error) {
      setProblem(whyNotKept(error as Error));
    }
    setBusy(false);
  };
  const undo = async (last: Last) => {
    const outcome = await discard(store, last.id);
    if (outcome === "discarded") {
      setSitting(takenBack);
    }
    setProblem(NOT_UNDONE[outcome]);
  };
  return { sitting, isBusy, problem, decide, undo };
}

const NOT_UNDONE: Record<Awaited<ReturnType<typeof discard>>, string> = {
  discarded: "",
  sent: "It was sent already. Open the product to change it.",
  unknown:
    "It may have reached the server already, so it cannot be taken back now. With a connection it will be known; then change the product.",
};

/** What was decided last, how it stands, and the way back as long as there is one. */
function Done(props: { who: Known; last: Last | null; onUndo: (last: Last) => void }) {
  const { who, last, onUndo } = props;
  const changes = useStored(who.store, () => who.store.changes(), "changes");
  const change = changes?.find((one) => one.id === last?.id);
  return (
    <div className="last">
      <p role="status">
        {last === null
          ? "The least certain come first. One tap decides, and the next one comes by itself."
          : last.said}{" "}
        {change && <State status={change.status} {...why(change)} />}
      </p>
      {last !== null && change?.status === "waiting" && (
        <button type="button" className="plain" onClick={() => onUndo(last)}>
          Undo
        </button>
      )}
    </div>
  );
}

function why(change: Parameters<typeof reason>[0]): { reason?: string } {
  return change.status === "refused" ? { reason: reason(change) } : {};
}

function Empty({ done }: { done: number }) {
  const isOffline = useNet() === "offline";
  const heading = useFocus(done > 0);
  return (
    <section className="card" aria-labelledby="nothing">
      <h2 id="nothing" ref={heading} tabIndex={-1}>
        {done === 0 ? "Nothing waits for a person" : "That was all"}
      </h2>
      <p>
        {isOffline
          ? "What came up meanwhile is fetched with the next connection."
          : "Whatever the models are unsure about comes up here, the least certain first."}
      </p>
      <p>
        <Link className="button main plain" to={HOME}>
          Find a product
        </Link>
      </p>
    </section>
  );
}
