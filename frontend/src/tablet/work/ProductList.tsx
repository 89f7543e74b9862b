import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { keyOf } from "../../offline/changes.ts";
import type { Shown } from "../../offline/store.ts";
import { State } from "../care/Icon.tsx";
import { Link } from "../parts.tsx";
import { refPath } from "../router.ts";
import { worst } from "./states.ts";
import "./work.css";

const ROW_PX = 85;
const PAGE = 8;
/** What the navigation covers of the window's foot. */
const NAVIGATION_PX = 96;

/**
 * Products of any number, of which only those near the window are drawn.
 *
 * Tab goes from row to row, and so do the arrow keys, Page Up and Down, Home and End.
 */
export function ProductList({ label, products }: { label: string; products: readonly Shown[] }) {
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  // The row with the focus stays, however far the list is scrolled away from it.
  const [focused, setFocused] = useState(-1);
  // After each rendering: what stands above may have grown.
  useLayoutEffect(() => {
    const top = list.current?.getBoundingClientRect().top ?? 0;
    setMargin(Math.round(top + window.scrollY));
  });
  const rows = useWindowVirtualizer({
    count: products.length,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => keyOf(products[index]?.ref ?? null),
    overscan: 6,
    scrollPaddingEnd: NAVIGATION_PX,
    scrollMargin: margin,
    rangeExtractor: (range) => withRow(range, focused),
  });

  const focus = (index: number) => {
    setFocused(index);
    rows.scrollToIndex(index);
    // The row may have to be drawn first.
    requestAnimationFrame(() => {
      const row = list.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`);
      row?.focus({ preventScroll: true });
    });
  };
  const press = (event: KeyboardEvent) => {
    const next = leadsTo(event.key, focused, products.length);
    if (next !== null && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      focus(next);
    }
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are placed freely
    <div
      ref={list}
      role="list"
      aria-label={label}
      className="products tall"
      style={{ height: rows.getTotalSize() }}
      onKeyDown={press}
      onFocus={(event) => setFocused(rowOf(event.target))}
      onBlur={() => setFocused(-1)}
    >
      {rows.getVirtualItems().map(({ index, key, start }) => {
        const product = products[index];
        return (
          product && (
            // biome-ignore lint/a11y/useSemanticElements: as above
            <div
              key={key}
              ref={rows.measureElement}
              data-index={index}
              role="listitem"
              aria-setsize={products.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start - margin}px)` }}
            >
              <Row shown={product} />
            </div>
          )
        );
      })}
    </div>
  );
}

function withRow(range: Range, row: number): number[] {
  const rows = defaultRangeExtractor(range);
  return row < 0 || row >= range.count || rows.includes(row)
    ? rows
    : [...rows, row].sort((one, other) => one - other);
}

function rowOf(element: Element): number {
  const row = element.closest<HTMLElement>("[data-index]");
  return row === null ? -1 : Number(row.dataset.index);
}

/** Return the row that a key leads to; null: it is none of ours. */
function leadsTo(key: string, from: number, count: number): number | null {
  const to = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + PAGE,
    PageUp: from - PAGE,
    Home: 0,
    End: count - 1,
  }[key];
  return to === undefined || from < 0 ? null : Math.max(0, Math.min(count - 1, to));
}

function Row({ shown }: { shown: Shown }) {
  const { ref, product, waiting, troubled } = shown;
  const state = worst([...troubled, ...waiting]);
  return (
    <Link to={refPath(ref)} className="product-row">
      <strong>{product.name}</strong>
      {state !== null && <State status={state} />}
      <span className="quiet">
        {product.sku}
        {product.brand && ` · ${product.brand}`}
        {product.category !== null && ` · ${product.category}`}
      </span>
    </Link>
  );
}
