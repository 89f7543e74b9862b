import { Button } from "antd";
import { useId, useState } from "react";
import { Notices } from "../../ui/Notices.tsx";
import { Placeholder } from "../../ui/Placeholder.tsx";
import { History } from "./History.tsx";
import { Suggestion } from "./Suggestion.tsx";
import { useAnswer } from "./useAnswer.ts";
import "./prediction.css";

export interface Properties {
  productId: number;
  /** The path the product is filed under now; empty if nobody has said. */
  category: string;
  mayAsk: boolean;
  mayRead: boolean;
  mayReview: boolean;
}

/** Where a product belongs, as the models see it, and what people said to that. */
export function Prediction({ productId, category, mayAsk, mayRead, mayReview }: Properties) {
  const answer = useAnswer(productId, mayAsk);
  const [filedUnder, setFiledUnder] = useState(category);
  const heading = useId();
  const shown = answer.data?.data ?? null;
  return (
    <section className="card prediction" aria-labelledby={heading} aria-busy={answer.isFetching}>
      <header className="head">
        <h2 id={heading}>Suggestion</h2>
        {mayAsk && (
          <Button loading={answer.isFetching} onClick={() => answer.refetch()}>
            Re-analyze
          </Button>
        )}
      </header>
      {!mayAsk && (
        <p className="quiet">
          This is the newest answer on record. Your role does not ask for new ones.
        </p>
      )}
      <Notices
        answer={answer.data}
        error={answer.isFetching ? null : answer.error}
        onRetry={() => answer.refetch()}
      />
      {answer.isPending && <Placeholder rows={6} />}
      {answer.isSuccess && shown === null && (
        <p>Nobody has asked about this product yet. There is no answer to show.</p>
      )}
      {shown && (
        <Suggestion
          key={shown.receipt_id}
          answer={shown}
          productId={productId}
          filedUnder={filedUnder}
          onFiled={setFiledUnder}
          mayRead={mayRead}
          mayReview={mayReview}
        />
      )}
      {mayRead && (
        <History
          productId={productId}
          isWanted={!answer.isPending}
          current={shown?.receipt_id ?? null}
          isShown={mayAsk}
        />
      )}
    </section>
  );
}
