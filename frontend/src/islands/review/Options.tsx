import { useCallback } from "react";
import type { Waiting } from "../../api/types.ts";
import { Choice } from "../../ui/Choice.tsx";
import { options } from "../../ui/options.ts";
import { useKeys } from "../../ui/useKeys.ts";
import { useReasons } from "./useReasons.ts";

interface Properties {
  waiting: Waiting;
  following: Waiting | undefined;
  areKeysWanted: boolean;
  isDisabled: boolean;
  onTake: (category: string) => void;
}

/** The best suggestions as large buttons, each with what spoke most for it. */
export function Options({ waiting, following, areKeysWanted, isDisabled, onTake }: Properties) {
  const offered = options(waiting);
  const reasons = useReasons(waiting, following);
  const choose = useCallback(
    (place: number) => {
      const option = offered[place];
      if (option !== undefined) {
        onTake(option.category);
      }
    },
    [offered, onTake],
  );
  useKeys(areKeysWanted && !isDisabled ? offered.length : 0, choose);
  return (
    <ol className="options">
      {offered.map(({ category, confidence_ppm }, place) => (
        <li key={category}>
          <Choice
            category={category}
            ppm={confidence_ppm}
            isDisabled={isDisabled}
            onTake={() => onTake(category)}
            {...(areKeysWanted && { mark: String(place + 1) })}
          >
            <span className="reasons quiet">{reasons[place]?.join(", ")}</span>
          </Choice>
        </li>
      ))}
    </ol>
  );
}
