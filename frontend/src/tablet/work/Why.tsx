import { useEffect, useState } from "react";
import { ask, Refused } from "../../api/client.ts";
import type { Contribution, Explanation, Suggested } from "../../api/types.ts";
import { spoken } from "../../ui/words.ts";

const MOST = 5;

/** The words that spoke for the suggestion and against it. */
export function Why({ answer }: { answer: Suggested }) {
  const [why, setWhy] = useState<Explanation | string | null>(null);
  const canBeExplained = answer.model !== null && answer.category !== null;
  useEffect(() => {
    if (!canBeExplained) {
      return;
    }
    const over = new AbortController();
    ask<Explanation>(`predictions/${answer.id}/explanation`, { signal: over.signal })
      .then(({ data }) => setWhy(data))
      .catch((error: unknown) => {
        if (!over.signal.aborted) {
          const isRefused = error instanceof Refused;
          setWhy(isRefused ? error.message : "The words that decided are not on this tablet.");
        }
      });
    return () => over.abort();
  }, [answer.id, canBeExplained]);

  if (!canBeExplained || why === null) {
    return null;
  }
  if (typeof why === "string") {
    return <p className="quiet">{why}</p>;
  }
  // Parts of words count, too, but say little to people; numbers and words are shown.
  const words = why.contributions.filter((one) => one.kind !== "characters");
  const said = words.length > 0 ? words : why.contributions;
  const spoke = (sign: number) =>
    said.filter((one) => Math.sign(one.amount) === sign).slice(0, MOST);
  return (
    <>
      <h3>Why</h3>
      <div className="why">
        <Words title="Spoke for it" words={spoke(1)} />
        <Words title="Spoke against it" words={spoke(-1)} />
      </div>
    </>
  );
}

function Words({ title, words }: { title: string; words: readonly Contribution[] }) {
  if (words.length === 0) {
    return null;
  }
  return (
    <div>
      <h4>{title}</h4>
      <ul>
        {words.map((one) => (
          <li key={`${one.field} ${one.kind} ${one.text}`}>{spoken(one)}</li>
        ))}
      </ul>
    </div>
  );
}
