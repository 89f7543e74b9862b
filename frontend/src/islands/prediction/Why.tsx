import { useState } from "react";
import type { Suggested } from "../../api/types.ts";
import { Placeholder } from "../../ui/Placeholder.tsx";
import { Trouble } from "../../ui/Trouble.tsx";
import { useExplanation } from "../../ui/useExplanation.ts";
import { Contributions } from "./Contributions.tsx";

/** What spoke for a category and what against it, folded away until somebody asks. */
export function Why({ answer }: { answer: Suggested }) {
  const [isOpen, setIsOpen] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const why = useExplanation(answer.receipt_id, chosen, isOpen);
  const choices = [answer.category, ...answer.alternatives.map(({ category }) => category)];
  return (
    <details className="why" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>Why this category?</summary>
      {choices.length > 1 && (
        <fieldset className="choices">
          <legend>What spoke for and against</legend>
          {choices.map((category, place) => (
            <button
              key={category}
              type="button"
              className="plain"
              aria-pressed={chosen === (place === 0 ? null : category)}
              onClick={() => setChosen(place === 0 ? null : category)}
            >
              {category}
            </button>
          ))}
        </fieldset>
      )}
      <div aria-busy={why.isFetching}>
        <Trouble error={why.error} onRetry={() => why.refetch()} />
        {why.isFetching && <Placeholder rows={6} />}
        {why.data && <Contributions explanation={why.data} />}
      </div>
    </details>
  );
}
