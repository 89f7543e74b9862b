import { useEffect, useState } from "react";
import { ask, Refused } from "../../api/client.ts";
import type { Explanation, Product, Suggested } from "../../api/types.ts";
import { type Spoken, spoken } from "../../ui/words.ts";
import { explainHere, useModel } from "../model.ts";
import type { Suggestion } from "./suggesting.ts";

const MOST = 5;

interface Properties {
  suggestion: Suggestion;
  /** As it is on the screen. */
  product: Product;
  /** Whether this person has changed it since the server saw it. */
  isEdited: boolean;
}

/** The words that spoke for the suggestion and against it. */
export function Why({ suggestion, product, isEdited }: Properties) {
  const [why, setWhy] = useState<readonly Spoken[] | string | null>(null);
  const { sha256 } = useModel();
  const { source, answer } = suggestion;
  const model = source === "server" ? suggestion.answer.model : suggestion.answer.model_sha256;
  const receipt = source === "server" ? suggestion.answer.id : null;
  const category = answer.category;
  const isSame = source === "tablet" || (!isEdited && isAsSeen(product, suggestion.answer));
  // Only the very model that answered can say why it did, and only about the same product.
  const isHere = model !== null && model === sha256 && isSame;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another product or answer gets another key
  useEffect(() => {
    if (model === null || category === null) {
      return;
    }
    const over = new AbortController();
    explained(receipt, isHere ? () => explainHere(product, category) : null, over.signal).then(
      (found) => over.signal.aborted || setWhy(found),
    );
    return () => over.abort();
  }, [receipt, category, model, isHere]);

  if (why === null) {
    return null;
  }
  if (typeof why === "string") {
    return <p className="quiet">{why}</p>;
  }
  // Parts of words count, too, but say little to people; numbers and words are shown.
  const words = why.filter((one) => one.kind !== "characters");
  const said = words.length > 0 ? words : why;
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

/** Whether nothing was written about the product since the server answered. */
function isAsSeen(product: Product, answer: Suggested): boolean {
  return Date.parse(product.updated_at) <= Date.parse(answer.made_at);
}

type Here = () => Promise<{ contributions: readonly Spoken[] }>;

/** Ask the server about its receipt, then this tablet. Return the words, or why there are none. */
async function explained(
  receipt: string | null,
  here: Here | null,
  signal: AbortSignal,
): Promise<readonly Spoken[] | string> {
  let problem = "The words that decided are not on this tablet.";
  if (receipt !== null) {
    try {
      const path = `predictions/${receipt}/explanation`;
      return (await ask<Explanation>(path, { signal })).data.contributions;
    } catch (error) {
      problem = error instanceof Refused ? error.message : problem;
    }
  }
  try {
    return here === null ? problem : (await here()).contributions;
  } catch {
    return problem;
  }
}

function Words({ title, words }: { title: string; words: readonly Spoken[] }) {
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
