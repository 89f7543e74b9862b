import type { ReactNode } from "react";
import { CategoryPath } from "./CategoryPath.tsx";
import { Confidence } from "./Confidence.tsx";
import "./shelfmark.css";

interface Properties {
  category: string;
  ppm: number;
  onTake: () => void;
  /** Whether this is what was chosen already; left out where a choice is final. */
  isTaken?: boolean;
  isDisabled?: boolean;
  /** What stands before it: the key to press. */
  mark?: string;
  /** What stands below it: why. */
  children?: ReactNode;
}

/** A suggestion as one large button. */
export function Choice(properties: Properties) {
  const { category, ppm, onTake, isTaken, isDisabled = false, mark, children } = properties;
  return (
    <button
      type="button"
      className="choice plain"
      disabled={isDisabled}
      onClick={onTake}
      {...(isTaken !== undefined && { "aria-pressed": isTaken })}
    >
      {mark && (
        <span className="mark" aria-hidden="true">
          {mark}
        </span>
      )}
      <span className="body">
        <CategoryPath path={category} />
        <Confidence ppm={ppm} />
        {children}
      </span>
    </button>
  );
}
