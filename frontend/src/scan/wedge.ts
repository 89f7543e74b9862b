// A scanner that types, anywhere on the page. What it typed never stays in a field that did not ask
// for a code, and its suffix presses no button.
import { Burst, type Stroke } from "./burst.ts";

export interface WedgeScan {
  text: string;
  /** The field that asked for a code (data-scan) and had the focus; null: the scan is the page's. */
  field: HTMLInputElement | null;
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

interface Before {
  field: Field;
  value: string;
  start: number | null;
  end: number | null;
}

// Longer than any gap inside a scan: keys may come late to a page that is busy. The moments that
// they carry say how fast they were.
const QUIET_MS = 250;
const NO_TEXT = /^(?:button|checkbox|color|file|image|radio|range|reset|submit)$/;

function fieldWithFocus(): Field | null {
  const { activeElement } = document;
  if (activeElement instanceof HTMLInputElement) {
    return NO_TEXT.test(activeElement.type) ? null : activeElement;
  }
  const isField =
    activeElement instanceof HTMLTextAreaElement || activeElement instanceof HTMLSelectElement;
  return isField ? activeElement : null;
}

function snapshot(field: Field): Before {
  const isText = !(field instanceof HTMLSelectElement);
  // Null for fields such as numbers, which have no place of the cursor.
  const start = isText ? field.selectionStart : null;
  const end = isText ? field.selectionEnd : null;
  return { field, value: field.value, start, end };
}

/** Give a field a value as if somebody had typed it, so that React notices, too. */
export function fill(field: Field, value: string): void {
  const prototype = Object.getPrototypeOf(field) as Field;
  Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (field instanceof HTMLSelectElement) {
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function restore({ field, value, start, end }: Before): void {
  if (field.value !== value) {
    fill(field, value);
    if (start !== null && !(field instanceof HTMLSelectElement)) {
      field.setSelectionRange(start, end);
    }
  }
}

function strokeOf(event: KeyboardEvent): Stroke {
  return {
    key: event.key,
    code: event.code,
    at: event.timeStamp,
    ctrl: event.ctrlKey,
    alt: event.altKey,
    meta: event.metaKey,
    shift: event.shiftKey,
    isRepeat: event.repeat,
  };
}

function stop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

class Wedge {
  readonly #tell: (scan: WedgeScan) => void;
  readonly #burst = new Burst();
  readonly #swallowed = new Set<string>();
  #before: Before | null = null;
  #timer: number | undefined;
  #awaitsInput = false;
  #length = 0;

  constructor(tell: (scan: WedgeScan) => void) {
    this.#tell = tell;
  }

  down = (event: KeyboardEvent): void => {
    const field = fieldWithFocus();
    if (field?.type === "password") {
      this.#burst.forget();
      return;
    }
    // Soft keyboards and input methods hide the key from the page; the field shows what it was.
    const isHidden = event.key === "Unidentified" || event.key === "Process" || event.isComposing;
    this.#awaitsInput = field !== null && isHidden;
    const stroke = strokeOf(event);
    const hasEnded = this.#burst.ended(stroke.at, field !== null);
    if (hasEnded !== null) {
      this.#scanned(hasEnded);
    }
    this.#remember(field);
    if (this.#awaitsInput) {
      return;
    }
    const { swallow, scan } = this.#burst.down(stroke, field !== null);
    if (swallow) {
      this.#swallowed.add(event.code);
      stop(event);
    }
    if (scan !== null) {
      this.#scanned(scan);
    }
    this.#wait();
  };

  up = (event: KeyboardEvent): void => {
    this.#burst.up({ key: event.key, at: event.timeStamp });
    if (this.#swallowed.delete(event.code)) {
      stop(event);
    }
    this.#wait();
  };

  input = (event: Event): void => {
    const field = fieldWithFocus();
    if (!this.#awaitsInput || field === null || field instanceof HTMLSelectElement) {
      return;
    }
    this.#awaitsInput = false;
    const place = field.selectionStart ?? field.value.length;
    const { inputType } = event as InputEvent;
    // A word at once comes from a keyboard that guesses, from the clipboard, or from a finger.
    if (/^insert(?:Composition)?Text$/.test(inputType) && place > 0) {
      const isOne = field.value.length === this.#length + 1;
      if (isOne) {
        this.#burst.character(field.value.slice(place - 1, place), event.timeStamp);
        this.#wait();
      } else {
        this.#burst.forget();
      }
    }
  };

  #remember(field: Field | null): void {
    this.#length = field?.value.length ?? 0;
    if (this.#burst.isEmpty) {
      this.#before = field && snapshot(field);
    }
  }

  #wait(): void {
    window.clearTimeout(this.#timer);
    if (!this.#burst.isEmpty) {
      this.#timer = window.setTimeout(() => {
        const scan = this.#burst.ended(performance.now(), fieldWithFocus() !== null);
        if (scan !== null) {
          this.#scanned(scan);
        }
      }, QUIET_MS);
    }
  }

  #scanned(text: string): void {
    const before = this.#before;
    this.#before = null;
    if (before !== null) {
      restore(before);
    }
    const asks = before?.field instanceof HTMLInputElement && "scan" in before.field.dataset;
    this.#tell({ text, field: asks ? (before.field as HTMLInputElement) : null });
  }
}

/** Call `listener` with whatever a scanner types on this page, until the answer is called. */
export function onScan(listener: (scan: WedgeScan) => void): () => void {
  const wedge = new Wedge(listener);
  const over = new AbortController();
  const options = { capture: true, signal: over.signal };
  window.addEventListener("keydown", wedge.down, options);
  window.addEventListener("keyup", wedge.up, options);
  window.addEventListener("input", wedge.input, options);
  return () => over.abort();
}
