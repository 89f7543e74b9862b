import { type ReactNode, useId } from "react";
import type { Change } from "../../offline/changes.ts";
import { Link } from "../parts.tsx";
import { refPath } from "../router.ts";
import { useNow } from "../useNow.ts";
import { when } from "../words.ts";
import { State } from "./Icon.tsx";
import { deed, fieldsOf, outcome, reason } from "./words.ts";

interface Properties {
  change: Change;
  /** Gets the id of the heading, for the names of buttons. */
  children?: (heading: string) => ReactNode;
}

/** One change: what it is about, what was done, and how it stands. */
export function Card({ change, children }: Properties) {
  const heading = useId();
  const { status, product, label } = change;
  const more = outcome(change);
  return (
    <article className={`change ${status}`} aria-labelledby={heading}>
      <header>
        <h3 id={heading}>
          {product === null ? label : <Link to={refPath(product)}>{label}</Link>}
        </h3>
        <State status={status} {...(status === "refused" && { reason: reason(change) })} />
      </header>
      <p>{deed(change)}</p>
      <Lines change={change} />
      {more !== null && <p>{more}</p>}
      <Moments change={change} />
      {children !== undefined && <div className="row">{children(heading)}</div>}
    </article>
  );
}

function Lines({ change }: { change: Change }) {
  const lines = fieldsOf(change);
  return lines.length === 0 ? null : (
    <dl className="fields small">
      {lines.map(({ name, before, after }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {before !== null && (
              <>
                <del>{before}</del> <span aria-hidden="true">→</span>{" "}
              </>
            )}
            <ins>{after}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Moments({ change }: { change: Change }) {
  const now = useNow();
  const { status, madeAt, attempts, triedAt, settledAt } = change;
  const at = (moment: string) => when(new Date(moment), now);
  return (
    <p className="quiet">
      Made {at(madeAt)}.
      {status === "waiting" &&
        attempts > 0 &&
        triedAt !== null &&
        ` Sent ${at(triedAt)} without an answer, so nobody knows yet whether it arrived. It is sent again by itself and counts once.`}
      {status !== "waiting" && settledAt !== null && ` The server answered ${at(settledAt)}.`}
    </p>
  );
}
