import { useRef, useState } from "react";
import type { Change } from "../../offline/changes.ts";
import { enqueue } from "../../offline/outbox.ts";
import type { Shown } from "../../offline/store.ts";
import { kept } from "../care/trouble.ts";
import { reason } from "../care/words.ts";
import { type Known, may } from "../who.ts";
import { CategoryPicker } from "./CategoryPicker.tsx";
import { type Decision, decisionOn, provisionalOf } from "./states.ts";
import { decision, filing, offered, type Suggestion } from "./suggesting.ts";

interface Properties {
  who: Known;
  shown: Shown;
  /** Null: there is none, and a person says where the product belongs. */
  suggestion: Suggestion | null;
  changes: readonly Change[];
  /** While somebody chooses, nothing else may take the place of what they decide about. */
  isChoosing: boolean;
  onChoosing: (isChoosing: boolean) => void;
}

/** Accept the suggestion, or say which category is right: kept here, and sent when it can be. */
export function Decide(properties: Properties) {
  const { who, shown, suggestion, changes, isChoosing, onChoosing } = properties;
  const [problem, setProblem] = useState("");
  const isBusy = useRef(false);
  const mayReview = may(who.person, "predictions.review_prediction");
  const mayFile = may(who.person, "inventory.categorize_product");
  if (!(suggestion === null ? mayFile : mayReview)) {
    return null;
  }
  const made = suggestion === null ? null : madeOf(suggestion, changes);
  const { product } = shown;
  const suggested = suggestion?.answer.category ?? null;
  const isThere = product.category_source === "person" && product.category === suggested;

  const decide = async (category: string) => {
    // A second tap can come before the screen has changed.
    if (isBusy.current) {
      return;
    }
    isBusy.current = true;
    setProblem("");
    try {
      if (suggestion === null) {
        await enqueue(who.store, filing(shown, category));
      } else {
        const prediction = await nameOf(who, shown, suggestion);
        await enqueue(who.store, decision(shown, suggestion, prediction, category));
      }
      onChoosing(false);
    } catch (error) {
      setProblem(kept(error as Error));
    }
    isBusy.current = false;
  };

  return (
    <div className="decide">
      {problem && (
        <p className="banner alarm" role="alert">
          {problem}
        </p>
      )}
      {made !== null && <Made change={made} />}
      <p className="row">
        {suggested !== null && made === null && !isThere && (
          <button type="button" className="main" onClick={() => void decide(suggested)}>
            Accept
          </button>
        )}
        <button
          type="button"
          className="plain main"
          aria-expanded={isChoosing}
          onClick={() => onChoosing(!isChoosing)}
        >
          {product.category === null && suggested === null
            ? "Choose a category"
            : "Another category"}
        </button>
      </p>
      {isChoosing && (
        <CategoryPicker
          store={who.store}
          value=""
          onChange={(category) => void decide(category)}
          autoFocus
        />
      )}
    </div>
  );
}

/** Return by what name the server knows the suggestion, or will. */
async function nameOf(who: Known, shown: Shown, suggestion: Suggestion): Promise<string> {
  return suggestion.source === "server"
    ? suggestion.answer.id
    : (await offered(who.store, shown, suggestion.answer)).id;
}

/** Return what this person decided about the suggestion, null if nothing. */
export function madeOf(suggestion: Suggestion, changes: readonly Change[]): Decision | null {
  if (suggestion.source === "server") {
    return decisionOn(changes, suggestion.answer.id);
  }
  const provisional = provisionalOf(changes, suggestion.answer);
  return provisional === null ? null : decisionOn(changes, provisional.id);
}

/** What became of the decision. */
function Made({ change }: { change: Decision }) {
  const said = change.kind === "prediction.accept" ? "Accepted" : "Corrected";
  const { category } = change.payload;
  switch (change.status) {
    case "waiting":
      return (
        <p className="banner" role="status">
          {said}: {category}. It is kept on this tablet and sent as soon as the server can be
          reached.
        </p>
      );
    case "sent":
      return (
        <p className="banner good" role="status">
          {said}: the product is filed under {category}.
        </p>
      );
    case "conflict":
      return (
        <p className="banner warn" role="status">
          {said}: {category}. Somebody else decided otherwise meanwhile.
        </p>
      );
    case "refused":
      return (
        <p className="banner alarm" role="status">
          The server refused this ({category}): {reason(change)}
        </p>
      );
  }
}
