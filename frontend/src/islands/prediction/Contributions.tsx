import type { Contribution, Explanation } from "../../api/types.ts";
import { percent, spoken } from "../../ui/words.ts";

/** The parts of a score as bars to the left (against) and to the right (for), largest first. */
export function Contributions({ explanation }: { explanation: Explanation }) {
  const { category, contributions, others } = explanation;
  const widest = Math.max(1, ...contributions.map(({ share_ppm }) => share_ppm));
  if (contributions.length === 0) {
    return <p>Nothing in this product speaks for or against {category}.</p>;
  }
  return (
    <>
      <table className="contributions">
        <caption>
          What spoke for <b>{category}</b>, and what against it. The shares are of everything that
          counted.
        </caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" className="picture">
              <span className="ends">
                <span>against</span> <span>for</span>
              </span>
            </th>
            <th scope="col" className="number">
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {contributions.map((one) => (
            <tr key={`${one.field} ${one.kind} ${one.text}`}>
              <th scope="row">{spoken(one)}</th>
              <td className="picture">
                <Bar contribution={one} widest={widest} />
              </td>
              <td className="number">{percent(one.share_ppm)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {others.count > 0 && (
        <p className="quiet">
          {others.count === 1
            ? "One smaller thing counted too. It spoke"
            : `${others.count} smaller things counted too. Together they spoke`}{" "}
          {others.amount < 0 ? "against it." : "for it."}
        </p>
      )}
    </>
  );
}

function Bar({ contribution, widest }: { contribution: Contribution; widest: number }) {
  const { amount, share_ppm } = contribution;
  const width = (share_ppm / widest) * 100;
  const isFor = amount > 0;
  return (
    <>
      <span className="hidden">{isFor ? "spoke for it" : "spoke against it"}</span>
      <svg viewBox="-100 0 200 10" preserveAspectRatio="none" aria-hidden="true">
        <rect
          className={isFor ? "for" : "against"}
          x={isFor ? 0 : -width}
          width={width}
          height="10"
        />
        <rect className="axis" x="-0.4" width="0.8" height="10" />
      </svg>
    </>
  );
}
