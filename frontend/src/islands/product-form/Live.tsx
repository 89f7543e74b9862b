import { useId } from "react";
import type { Suggested } from "../../api/types.ts";
import { Choice } from "../../ui/Choice.tsx";
import { Trouble } from "../../ui/Trouble.tsx";
import { need, percent } from "../../ui/words.ts";
import type { Form } from "./useForm.ts";
import { useLive } from "./useLive.ts";

/** What a model makes of the product while it is typed; one tap takes a category over. */
export function Live({ form, mayAsk }: { form: Form; mayAsk: boolean }) {
  const { answer, error, isFetching, refetch } = useLive(form.start, form.values, mayAsk);
  const heading = useId();
  return (
    <section className="card live" aria-labelledby={heading} aria-busy={isFetching}>
      <h2 id={heading}>Suggestion</h2>
      <p className="quiet">
        A category is suggested while you type. Each suggestion leaves a receipt.
      </p>
      <Trouble type="warning" error={isFetching ? null : error} onRetry={() => refetch()} />
      {answer && <Choices answer={answer} form={form} />}
      <p className="hidden" aria-live="polite">
        {answer && spokenOf(answer)}
      </p>
    </section>
  );
}

function spokenOf({ category, confidence_ppm }: Suggested): string {
  return category === null || confidence_ppm === null
    ? "No suggestion."
    : `Suggestion: ${category}, ${percent(confidence_ppm)}.`;
}

function Choices({ answer, form }: { answer: Suggested; form: Form }) {
  if (answer.category === null || answer.confidence_ppm === null) {
    return <p>{need(answer)}</p>;
  }
  const best = { category: answer.category, confidence_ppm: answer.confidence_ppm };
  return (
    <>
      <ul className="choices">
        {[best, ...answer.alternatives].map(({ category, confidence_ppm }) => (
          <li key={category}>
            <Choice
              category={category}
              ppm={confidence_ppm}
              isTaken={form.values.category === category}
              onTake={() => form.take(answer, category)}
            />
          </li>
        ))}
      </ul>
      <p className="quiet">{need(answer)}</p>
    </>
  );
}
