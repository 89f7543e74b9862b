import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

const GUESS_PX = 180;

/** A list of any length, of which only what is near the window is drawn. */
export function LongList<T extends { id: string }>(props: {
  label: string;
  items: readonly T[];
  children: (item: T) => ReactNode;
}) {
  const { label, items, children } = props;
  const list = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  // After each rendering: what stands above may have grown.
  useLayoutEffect(() => {
    const box = list.current?.getBoundingClientRect();
    setMargin(Math.round((box?.top ?? 0) + window.scrollY));
  });
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => GUESS_PX,
    getItemKey: (place) => items[place]?.id ?? place,
    overscan: 4,
    scrollMargin: margin,
  });
  return (
    <ul
      ref={list}
      className="long"
      aria-label={label}
      style={{ height: `${virtual.getTotalSize()}px` }}
    >
      {virtual.getVirtualItems().map(({ index, key, start }) => {
        const item = items[index];
        return (
          item && (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start - margin}px)` }}
            >
              {children(item)}
            </li>
          )
        );
      })}
    </ul>
  );
}
