import { Alert, Button } from "antd";
import { useState } from "react";
import type { Suggested } from "../../api/types.ts";
import { CategoryPath } from "../../ui/CategoryPath.tsx";
import { CategoryPicker } from "../../ui/CategoryPicker.tsx";
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
      <div aria-live="polite">
        {review && (
          <p className="decided">
            {review.outcome === "accepted" ? "Accepted" : "Corrected"} by {review.reviewed_by}: the
            product is filed under <CategoryPath path={review.category} />
          </p>
        )}
      </div>
      {error && (
        <Alert
          type="error"
          showIcon
          title={error.message}
          action={<Button onClick={() => variables && decide(variables)}>Try again</Button>}
        />
      )}
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
