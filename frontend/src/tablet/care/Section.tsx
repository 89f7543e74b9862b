import type { ReactNode } from "react";
import type { Change } from "../../offline/changes.ts";
import { LongList } from "./LongList.tsx";
import type { remedy } from "./words.ts";

/** The changes in one state. */
export function Section(props: {
  title: string;
  items: readonly Change[];
  /** What stands in an empty section; null: an empty section is not shown. */
  empty: string | null;
  children: (change: Change) => ReactNode;
}) {
  const { title, items, empty, children } = props;
  if (items.length === 0 && empty === null) {
    return null;
  }
  return (
    <section aria-label={title}>
      <h2>
        {title} <span className="quiet">({items.length.toLocaleString("en")})</span>
      </h2>
      {items.length === 0 ? (
        <p className="quiet">{empty}</p>
      ) : (
        <LongList label={title} items={items}>
          {children}
        </LongList>
      )}
    </section>
  );
}

/** What can be done with a change that has not arrived. */
export function Offered(props: {
  heading: string;
  way: ReturnType<typeof remedy>;
  onEdit: () => void;
  onAgain: () => void;
  onDiscard: () => void;
}) {
  const { heading, way } = props;
  const isEditable = way === "category" || way === "fields";
  return (
    <>
      {isEditable && (
        <button type="button" className="plain" aria-describedby={heading} onClick={props.onEdit}>
          Edit
        </button>
      )}
      {way === "again" && (
        <button type="button" className="plain" aria-describedby={heading} onClick={props.onAgain}>
          Try again
        </button>
      )}
      <button type="button" className="plain" aria-describedby={heading} onClick={props.onDiscard}>
        Discard
      </button>
    </>
  );
}
