import { useState } from "react";
import type { Suggested } from "../../api/types.ts";
import { CategoryPath } from "../../ui/CategoryPath.tsx";
import { Confidence } from "../../ui/Confidence.tsx";
import { need } from "../../ui/words.ts";
import { Decide } from "./Decide.tsx";
import { Provenance } from "./Provenance.tsx";
import { Why } from "./Why.tsx";

interface Properties {
  answer: Suggested;
  productId: number;
  filedUnder: string;
  onFiled: (category: string) => void;
  mayRead: boolean;
  mayReview: boolean;
}

/** One answer: the suggestion, how sure it is, what else it may be, and what to do with it. */
export function Suggestion({ answer, mayRead, mayReview, filedUnder, ...rest }: Properties) {
  const { category, confidence_ppm, threshold_ppm, alternatives, needs_review } = answer;
  const [isThere] = useState(category !== null && category === filedUnder);
  return (
    <>
      {category === null || confidence_ppm === null ? (
        <p className="suggested">No suggestion</p>
      ) : (
        <>
          <p className="suggested">
            <CategoryPath path={category} />
          </p>
          <p>
            <Confidence ppm={confidence_ppm} thresholdPpm={threshold_ppm} />
          </p>
        </>
      )}
      <p className={needs_review ? "need doubtful" : "need"}>{need(answer)}</p>
      {isThere && <p className="quiet">The product was filed there before.</p>}
      {mayReview && <Decide answer={answer} productId={rest.productId} onFiled={rest.onFiled} />}
      {alternatives.length > 0 && (
        <>
          <h3>Other possibilities</h3>
          <ul className="alternatives">
            {alternatives.map((one) => (
              <li key={one.category}>
                <CategoryPath path={one.category} />
                <Confidence ppm={one.confidence_ppm} />
              </li>
            ))}
          </ul>
        </>
      )}
      {mayRead && category !== null && <Why answer={answer} />}
      <Provenance answer={answer} mayRead={mayRead} />
    </>
  );
}
