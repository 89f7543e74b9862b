import { Button } from "antd";
import { useReducer } from "react";
import { Placeholder } from "../../ui/Placeholder.tsx";
import { Trouble } from "../../ui/Trouble.tsx";
import { useFocus } from "../../ui/useFocus.ts";
import { useKeysWanted } from "../../ui/useKeys.ts";
import { Item } from "./Item.tsx";
import { next, START, waitingInWords } from "./sitting.ts";
import { useQueue } from "./useQueue.ts";
import "./review.css";

/** One product after the other that a model was not sure about, least certain first. */
export function Review() {
  const [sitting, tell] = useReducer(next, START);
  const { todo, waiting, isPending, isFetching, error, refetch } = useQueue(sitting);
  const [areKeysWanted, setAreKeysWanted] = useKeysWanted();
  const [current, following] = todo;
  const left = Math.max(0, waiting - sitting.done.length);
  return (
    <div className="review" aria-busy={isFetching}>
      <div className="sitting">
        <p aria-live="polite" className="said">
          {sitting.said || (isPending ? "" : waitingInWords(left))}
        </p>
        <label className="keys">
          <input
            type="checkbox"
            checked={areKeysWanted}
            onChange={({ target }) => setAreKeysWanted(target.checked)}
          />
          Answer with the keys 1, 2 and 3
        </label>
        <progress
          value={sitting.done.length}
          max={Math.max(1, sitting.done.length + left)}
          aria-label="Done in this sitting"
        />
        <p className="quiet">
          {sitting.done.length} done in this sitting
          {sitting.said && !isPending && `. ${waitingInWords(left)}`}
        </p>
      </div>
      <Trouble error={error} onRetry={() => refetch()} />
      {isPending && !error && <Placeholder rows={8} />}
      {current && (
        <Item
          key={current.prediction.receipt_id}
          waiting={current}
          following={following}
          areKeysWanted={areKeysWanted}
          isFirst={sitting.said === ""}
          tell={tell}
        />
      )}
      {!current && !isFetching && !error && (
        <Empty
          skipped={sitting.skipped.length}
          isFirst={sitting.said === ""}
          onAgain={() => {
            tell({ type: "again" });
            void refetch();
          }}
        />
      )}
    </div>
  );
}

interface EmptyProperties {
  skipped: number;
  /** Whether nothing was done yet, so that the page keeps its own focus. */
  isFirst: boolean;
  onAgain: () => void;
}

function Empty({ skipped, isFirst, onAgain }: EmptyProperties) {
  const heading = useFocus(!isFirst);
  return (
    <section className="card" aria-label="Nothing left">
      <h2 ref={heading} tabIndex={-1}>
        {skipped === 0 ? "Nothing waits for a person" : "Only what you left for later is left"}
      </h2>
      <p>
        {skipped === 0
          ? "Whatever the models are unsure about comes up here, the least certain first."
          : `You left ${skipped} of the products for later.`}
      </p>
      <div className="row">
        <Button type="primary" onClick={onAgain}>
          {skipped === 0 ? "Look again" : "Show them again"}
        </Button>
        <Button href="/products">Go to the products</Button>
      </div>
    </section>
  );
}
