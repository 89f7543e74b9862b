import { Button } from "antd";
import { useState } from "react";
import type { Waiting } from "../../api/types.ts";
import { CategoryPicker } from "../../ui/CategoryPicker.tsx";
import { options } from "../../ui/options.ts";
import { Trouble } from "../../ui/Trouble.tsx";
import { useFocus } from "../../ui/useFocus.ts";
import { useReview } from "../../ui/useReview.ts";
import { differing, doubt, need } from "../../ui/words.ts";
import { Facts } from "./Facts.tsx";
import { Options } from "./Options.tsx";
import type { Event } from "./sitting.ts";

interface Properties {
  waiting: Waiting;
  following: Waiting | undefined;
  areKeysWanted: boolean;
  /** Whether nothing was done yet, so that the page keeps its own focus. */
  isFirst: boolean;
  tell: (event: Event) => void;
}

/** One product that waits: what is known of it, and where it may belong. */
export function Item({ waiting, following, areKeysWanted, isFirst, tell }: Properties) {
  const { product, prediction, recalled, tablet_said: said } = waiting;
  const [isElsewhere, setIsElsewhere] = useState(options(waiting).length === 0);
  const heading = useFocus(!isFirst);
  const review = useReview();

  const file = (category: string) => {
    if (!review.isPending) {
      review.mutate(
        {
          receiptId: prediction.receipt_id,
          category: category === prediction.category ? null : category,
        },
        {
          onSuccess: ({ category: filed }) =>
            tell({
              type: "filed",
              receiptId: prediction.receipt_id,
              name: product.name,
              category: filed,
            }),
        },
      );
    }
  };

  return (
    <section className="item" aria-labelledby="waiting" aria-busy={review.isPending}>
      <div className="card">
        <h2 id="waiting" ref={heading} tabIndex={-1}>
          {product.name}
        </h2>
        <Facts product={product} />
      </div>
      <div className="card">
        <h2>Where does it belong?</h2>
        <p className="quiet">{recalled === null ? need(prediction) : doubt(recalled)}</p>
        {said && <p className="quiet">{differing(said)}</p>}
        <Trouble error={review.error} />
        <Options
          waiting={waiting}
          following={following}
          areKeysWanted={areKeysWanted}
          isDisabled={review.isPending}
          onTake={file}
        />
        {isElsewhere && (
          <CategoryPicker
            label="Another category"
            placeholder="Type words of the right category"
            onChange={file}
            isDisabled={review.isPending}
            autoFocus={options(waiting).length > 0}
          />
        )}
        <div className="row">
          {!isElsewhere && (
            <Button disabled={review.isPending} onClick={() => setIsElsewhere(true)}>
              Another category
            </Button>
          )}
          <Button
            disabled={review.isPending}
            onClick={() =>
              tell({ type: "skipped", receiptId: prediction.receipt_id, name: product.name })
            }
          >
            Skip
          </Button>
        </div>
      </div>
    </section>
  );
}
