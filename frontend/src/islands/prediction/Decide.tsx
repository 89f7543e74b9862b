import { Button } from "antd";
import { useState } from "react";
import type { Review, Suggested } from "../../api/types.ts";
import { CategoryPath } from "../../ui/CategoryPath.tsx";
import { CategoryPicker } from "../../ui/CategoryPicker.tsx";
import { Trouble } from "../../ui/Trouble.tsx";
import { useFocus } from "../../ui/useFocus.ts";
import { useDecision } from "./useDecision.ts";

interface Properties {
  answer: Suggested;
  productId: number;
  onFiled: (category: string) => void;
}

/** Accept a suggestion with one tap, or say which category is right. */
export function Decide({ answer, productId, onFiled }: Properties) {
  const [isCorrecting, setIsCorrecting] = useState(answer.category === null);
  const { decide, data: review, error, isPending, variables } = useDecision(productId, onFiled);
  const send = (category: string | null) => decide({ receiptId: answer.receipt_id, category });
  const isDecided = review !== undefined;
  return (
    <div className="decide">
      {review && <Decided key={review.id} review={review} />}
      <Trouble error={error} onRetry={() => variables && decide(variables)} />
      <div className="row">
        {answer.category !== null && !isDecided && (
          <Button type="primary" loading={isPending} onClick={() => send(null)}>
            Accept
          </Button>
        )}
        {!isCorrecting && (
          <Button disabled={isPending} onClick={() => setIsCorrecting(true)}>
            {isDecided ? "Change the answer" : "Correct"}
          </Button>
        )}
      </div>
      {isCorrecting && (
        <CategoryPicker
          label="The right category"
          placeholder="Type words of the right category"
          onChange={(path) => {
            setIsCorrecting(false);
            send(path === answer.category ? null : path);
          }}
          isDisabled={isPending}
          autoFocus={answer.category !== null}
        />
      )}
    </div>
  );
}

/** Who decided what. It takes the focus over from the button that went. */
function Decided({ review: { outcome, reviewed_by, category } }: { review: Review }) {
  const text = useFocus<HTMLParagraphElement>(true);
  return (
    <p className="decided" ref={text} tabIndex={-1}>
      {outcome === "accepted" ? "Accepted" : "Corrected"} by {reviewed_by}: the product is filed
      under <CategoryPath path={category} />
    </p>
  );
}
