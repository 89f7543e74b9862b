import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import type { Store } from "../../offline/store.ts";
import { useStored } from "../stored.ts";
import { type Choice, matching, parts } from "./matching.ts";
import "./work.css";

const OPTION_PX = 56;
const PAGE = 6;

interface Properties {
  store: Store;
  /** The path that is chosen; empty if none is. */
  value: string;
  onChange: (path: string) => void;
  label?: string;
  id?: string;
  /** Somebody has just asked for it. */
  autoFocus?: boolean;
  /** Whether no category may be chosen, too. */
  canClear?: boolean;
}

/**
 * Finds a category by any words of its path, among those on this tablet.
 *
 * An editable combobox with a list (WAI-ARIA Authoring Practices): the focus stays in the field.
 */
export function CategoryPicker(properties: Properties) {
  const { store, value, onChange, label = "Category", autoFocus = false } = properties;
  const made = useId();
  const id = properties.id ?? made;
  const field = useRef<HTMLInputElement>(null);
  const all = useStored(store, () => store.categories(), "categories");
  // Null: nothing is being typed, the field shows what is chosen.
  const [typed, setTyped] = useState<string | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const found = useMemo(() => matching(typed ?? "", all ?? []), [typed, all]);
  const isShown = isOpen && found.length > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it appears
  useEffect(() => {
    if (autoFocus) {
      field.current?.focus();
      field.current?.scrollIntoView({ block: "nearest" });
      setOpen(true);
    }
  }, []);

  const open = (at: number) => {
    setOpen(true);
    setActive(at);
  };
  // Whoever only looks begins where the chosen one is.
  const look = () => open(typed === null ? found.findIndex(({ path }) => path === value) : active);
  const close = () => {
    setOpen(false);
    setActive(-1);
    setTyped(null);
  };
  const take = (path: string) => {
    close();
    onChange(path);
  };
  const press = (event: KeyboardEvent) => {
    const step = stepOf(event.key, active, found.length);
    if (event.key === "Escape") {
      if (isOpen || typed !== null) {
        event.preventDefault();
        close();
      }
    } else if (event.key === "Enter" && (isOpen || typed !== null)) {
      // Enter takes what is marked, or the only one that is left; it never sends a form half typed.
      event.preventDefault();
      const chosen = found[active] ?? (typed !== null && found.length === 1 ? found[0] : undefined);
      if (chosen !== undefined) {
        take(chosen.path);
      }
    } else if (step !== null && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open(event.altKey ? active : step);
    }
  };

  return (
    <div className="picker">
      <label htmlFor={id}>{label}</label>
      <div className="picker-field">
        <input
          ref={field}
          id={id}
          type="text"
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={isShown}
          aria-controls={`${id}-list`}
          aria-describedby={`${id}-found`}
          aria-activedescendant={isShown && active >= 0 ? `${id}-${active}` : undefined}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="Type words of its path"
          value={typed ?? value}
          onChange={(event) => {
            setTyped(event.target.value);
            setOpen(true);
            setActive(-1);
          }}
          onFocus={(event) => event.target.select()}
          onClick={() => isOpen || look()}
          onBlur={close}
          onKeyDown={press}
        />
        {properties.canClear && value !== "" && (
          <button type="button" className="plain" onClick={() => take("")}>
            Clear<span className="unseen"> the category</span>
          </button>
        )}
      </div>
      <p id={`${id}-found`} role="status" className={isOpen && !isShown ? "quiet" : "unseen"}>
        {isOpen ? sentence(found.length, all) : ""}
      </p>
      {isShown ? (
        <Options id={id} found={found} active={active} onTake={take} />
      ) : (
        <div id={`${id}-list`} role="listbox" aria-label={label} hidden />
      )}
    </div>
  );
}

/** Return where a key leads; null: it does not lead anywhere. */
function stepOf(key: string, active: number, count: number): number | null {
  switch (key) {
    case "ArrowDown":
      return active + 1 >= count ? 0 : active + 1;
    case "ArrowUp":
      return active <= 0 ? count - 1 : active - 1;
    case "PageDown":
      return Math.min(count - 1, active + PAGE);
    case "PageUp":
      return Math.max(0, active - PAGE);
    default:
      return null;
  }
}

function sentence(count: number, all: readonly Choice[] | undefined): string {
  if (all === undefined) {
    return "Looking for categories…";
  }
  if (all.length === 0) {
    return "There are no categories on this tablet yet. They come with the next connection.";
  }
  if (count === 0) {
    return "No category has all of these words.";
  }
  return count === 1 ? "1 category." : `${count.toLocaleString("en")} categories.`;
}

function Options(props: {
  id: string;
  found: readonly Choice[];
  active: number;
  onTake: (path: string) => void;
}) {
  const { id, found, active, onTake } = props;
  const list = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: found.length,
    getScrollElement: () => list.current,
    estimateSize: () => OPTION_PX,
    getItemKey: (index) => found[index]?.id ?? index,
    overscan: 8,
  });
  // Below a field at the foot of the screen nobody would see it.
  useEffect(() => {
    list.current?.scrollIntoView({ block: "nearest" });
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when another one is marked, or others are found
  useEffect(() => {
    rows.scrollToIndex(Math.max(active, 0));
  }, [active, found]);

  return (
    <div
      ref={list}
      id={`${id}-list`}
      role="listbox"
      aria-label="Categories"
      className="picker-list"
      // The focus stays in the field, also while a finger scrolls.
      onMouseDown={(event) => event.preventDefault()}
    >
      <div role="presentation" className="tall" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, key, start }) => {
          const path = found[index]?.path ?? "";
          const [above, own] = parts(path);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are read in the field
            // biome-ignore lint/a11y/useFocusableInteractive: the field points at it
            <div
              key={key}
              id={`${id}-${index}`}
              ref={rows.measureElement}
              data-index={index}
              role="option"
              className={index === active ? "option active" : "option"}
              aria-selected={index === active}
              aria-setsize={found.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => onTake(path)}
            >
              <span>
                {above}
                <b>{own}</b>
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
