import { Button } from "antd";
import { useId } from "react";
import type { PastPrediction, PastReview } from "../../api/types.ts";
import { CategoryPath } from "../../ui/CategoryPath.tsx";
import { Trouble } from "../../ui/Trouble.tsx";
import { answeredBy, moment, percent } from "../../ui/words.ts";
import { useHistory } from "./useHistory.ts";

interface Properties {
  productId: number;
  isWanted: boolean;
  /** The receipt that was shown above just now. */
  current: string | null;
  /** Whether that one need not be repeated. */
  isShown: boolean;
}

/** The earlier answers about a product, and what people said to them. */
export function History({ productId, isWanted, current, isShown }: Properties) {
  const history = useHistory(productId, current, isWanted);
  const heading = useId();
  const past = (history.data?.pages ?? [])
    .flatMap(({ results }) => results)
    .filter(({ id }) => !(isShown && id === current));
  return (
    <section className="history" aria-labelledby={heading}>
      <h3 id={heading}>{isShown ? "Earlier answers" : "All answers"}</h3>
      <Trouble error={history.error} onRetry={() => history.refetch()} />
      {history.isSuccess && past.length === 0 && <p className="quiet">There are none.</p>}
      <ol>
        {past.map((one) => (
          <Past key={one.id} past={one} />
        ))}
      </ol>
      {history.hasNextPage && (
        <Button loading={history.isFetchingNextPage} onClick={() => history.fetchNextPage()}>
          Show more
        </Button>
      )}
    </section>
  );
}

function Past({ past }: { past: PastPrediction }) {
  return (
    <li>
      <span className="what">
        {past.category === null ? "No suggestion" : <CategoryPath path={past.category} />}
        {past.confidence_ppm !== null && (
          <span className="figure">{percent(past.confidence_ppm)}</span>
        )}
      </span>
      <span className="quiet">
        <a href={`/api/v1/predictions/${past.id}`}>{moment(past.made_at)}</a>, asked by{" "}
        {past.asked_by}, answered {answeredBy(past.decision_path, [])}
        {past.needs_review && ", not sure"}
      </span>
      {past.review && <p className="verdict">{verdict(past.review)}</p>}
    </li>
  );
}

function verdict({ outcome, category, reviewed_by, reviewed_at }: PastReview): string {
  const who = `by ${reviewed_by}, ${moment(reviewed_at)}`;
  return outcome === "accepted" ? `Accepted ${who}` : `Corrected to ${category} ${who}`;
}
