import { percent } from "./words.ts";
import "./shelfmark.css";

interface Properties {
  ppm: number;
  /** Where the category's own threshold lies, if it has one. */
  thresholdPpm?: number | null;
}

/** A confidence as text and as a bar; the bar says nothing that the text does not. */
export function Confidence({ ppm, thresholdPpm = null }: Properties) {
  return (
    <span className="confidence">
      <span className="figure">{percent(ppm)}</span>
      <svg className="bar-of" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect className="ground" width="1000" height="10" />
        <rect className="value" width={ppm / 1000} height="10" />
        {thresholdPpm !== null && (
          <rect
            className="threshold"
            x={Math.min(996, thresholdPpm / 1000)}
            width="4"
            height="10"
          />
        )}
      </svg>
    </span>
  );
}
