import { useEffect, useRef, useState } from "react";
import { newKey } from "../../api/keys.ts";
import type { Product, Suggested } from "../../api/types.ts";
import { BLANK, differing, type Faults, faultOf, type Name, valuesOf } from "../../forms/fields.ts";
import { type Draft, find, forget, keep, placeOf, type Taken } from "./draft.ts";

const PAUSE_MS = 300;

function fresh(stored: Product | null): Draft {
  const start = stored === null ? BLANK : valuesOf(stored);
  return {
    values: start,
    start,
    version: stored?.version ?? null,
    key: newKey(),
    taken: null,
    keptAt: "",
  };
}

/** What is typed, what it started from, what is wrong with it; kept as a draft while it differs. */
export function useForm(stored: Product | null, userId: number) {
  const place = placeOf(userId, stored?.id ?? null);
  const [draft, setDraft] = useState(() => fresh(stored));
  const [offer, setOffer] = useState(() => find(sessionStorage, place));
  const [faults, setFaults] = useState<Faults>({});
  const isLeaving = useRef(false);
  const changed = differing(draft.start, draft.values);
  const isDirty = changed.length > 0;

  useEffect(() => {
    if (!isDirty || isLeaving.current) {
      return undefined;
    }
    const timer = setTimeout(() => {
      // The page takes a while to go once it was saved.
      if (!isLeaving.current) {
        keep(sessionStorage, place, { ...draft, keptAt: new Date().toISOString() });
      }
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, isDirty, place]);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (isDirty && !isLeaving.current) {
        event.preventDefault();
      }
    };
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isDirty]);

  return {
    ...draft,
    changed,
    isDirty,
    faults,
    setFaults,
    offer: isDirty ? null : offer,
    change(name: Name, text: string) {
      setDraft((old) => ({ ...old, values: { ...old.values, [name]: text } }));
      setFaults(({ [name]: _, ...rest }) => rest);
    },
    check(name: Name) {
      const fault = faultOf(name, draft.values[name]);
      // An empty field is not scolded before the person has tried to save.
      if (fault !== null && draft.values[name].trim() !== "") {
        setFaults((old) => ({ ...old, [name]: fault }));
      }
    },
    take({ receipt_id, category: suggested }: Suggested, category: string) {
      const taken: Taken = { receiptId: receipt_id, suggested };
      setDraft((old) => ({ ...old, taken, values: { ...old.values, category } }));
      setFaults(({ category: _, ...rest }) => rest);
    },
    /** Go on from what somebody else stored meanwhile. */
    rebase(theirs: Product, values: Draft["values"]) {
      setDraft((old) => ({ ...old, start: valuesOf(theirs), version: theirs.version, values }));
    },
    takeUp(found: Draft) {
      setDraft(found);
      setOffer(null);
    },
    throwAway() {
      forget(sessionStorage, place);
      setOffer(null);
    },
    /** Nothing is left to lose: forget the draft and go to the product. */
    leaveTo(productId: number) {
      isLeaving.current = true;
      forget(sessionStorage, place);
      window.location.assign(`/products/${productId}`);
    },
  };
}

export type Form = ReturnType<typeof useForm>;
