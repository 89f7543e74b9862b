import type { Suggested } from "../../api/types.ts";
import { answeredBy, moment, percent, short, shortId } from "../../ui/words.ts";
import { useReceipt } from "./useReceipt.ts";

/** Which model gave an answer, when, and where its receipt is. */
export function Provenance({ answer, mayRead }: { answer: Suggested; mayRead: boolean }) {
  // Only the receipt knows who was asked before and could not answer.
  const isUsual = answer.decision_path === "live";
  const receipt = useReceipt(answer.receipt_id, mayRead && !isUsual);
  return (
    <dl className="fields provenance">
      <dt>Answered</dt>
      <dd>
        {answeredBy(answer.decision_path, receipt.data?.passed_over ?? [])},{" "}
        <time dateTime={answer.made_at}>{moment(answer.made_at)}</time>
      </dd>
      {answer.threshold_ppm !== null && (
        <>
          <dt>Threshold</dt>
          <dd>{percent(answer.threshold_ppm)}</dd>
        </>
      )}
      {answer.model !== null && (
        <>
          <dt>Model</dt>
          <dd>
            <code title={answer.model}>{short(answer.model)}</code>
          </dd>
        </>
      )}
      <dt>Receipt</dt>
      <dd>
        {mayRead ? (
          <a href={`/api/v1/predictions/${answer.receipt_id}`}>
            <code>{shortId(answer.receipt_id)}</code>
          </a>
        ) : (
          <code>{shortId(answer.receipt_id)}</code>
        )}
      </dd>
    </dl>
  );
}
