import { useEffect, useRef, useState } from "react";
import { differing, type Faults, type Name } from "../../forms/fields.ts";
import type { ProductRef } from "../../offline/changes.ts";
import { enqueue } from "../../offline/outbox.ts";
import type { Shown, Store } from "../../offline/store.ts";
import { kept } from "../care/trouble.ts";
import { goInstead, refPath } from "../router.ts";
import { begun, blank, changesIn, type Draft, draftKey, handedOver, isDraft } from "./drafting.ts";

/** What a form begins with: a draft that was left here, or the product as it is. */
export interface Beginning {
  draft: Draft;
  isTakenUp: boolean;
}

/** Read where a form begins. Null: there is no such product on this tablet. */
export async function beginning(
  store: Store,
  ref: ProductRef | null,
  code: string,
): Promise<Beginning | null> {
  const shown = ref === null ? null : await store.shown(ref);
  if (ref !== null && shown === null) {
    return null;
  }
  const found = await store.draft<unknown>(draftKey(ref, code));
  // A draft whose change is in the outbox was saved, and only its end was missed.
  if (isDraft(found) && !(await store.changes()).some((one) => one.id === found.id)) {
    return { draft: found, isTakenUp: differing(found.start, found.values).length > 0 };
  }
  return { draft: fresh(shown, code), isTakenUp: false };
}

function fresh(shown: Shown | null, code: string): Draft {
  return shown === null ? blank(code) : begun(shown.product, "uuid" in shown.ref);
}

/** What is typed, what is wrong with it, and how it is saved. Each key is kept on the tablet. */
export function useForm(store: Store, from: Beginning, ref: ProductRef | null, code: string) {
  const [draft, setDraft] = useState(from.draft);
  const [isTakenUp, setTakenUp] = useState(from.isTakenUp);
  const [faults, setFaults] = useState<Faults>({});
  const [problem, setProblem] = useState("");
  const [isSaving, setSaving] = useState(false);
  const isRunning = useRef(false);
  const key = draftKey(ref, code);
  useMoving(store, key, draft);

  const keep = (next: Draft) => {
    setDraft(next);
    store.keepDraft(key, next).catch((error) => setProblem(kept(error as Error)));
  };

  const hand = async () => {
    let rest = draft;
    for (const change of changesIn(draft, ref)) {
      await enqueue(store, change);
      // Whatever comes next may fail: what is handed over is not handed over again.
      rest = handedOver(rest);
      if (ref !== null) {
        keep(rest);
      }
    }
  };

  return {
    draft,
    faults,
    setFaults,
    problem,
    isSaving,
    isTakenUp,
    change(name: Name, text: string) {
      keep({ ...draft, values: { ...draft.values, [name]: text } });
      setTakenUp(false);
      setFaults(({ [name]: _, ...others }) => others);
    },
    startAgain() {
      void store.keepDraft(key, null);
      void (ref === null ? Promise.resolve(null) : store.shown(ref)).then((shown) => {
        setDraft(fresh(shown, code));
        setTakenUp(false);
        setFaults({});
      });
    },
    async save() {
      // A second tap can come before the button is drawn as busy.
      if (isRunning.current) {
        return;
      }
      isRunning.current = true;
      setSaving(true);
      setProblem("");
      try {
        await hand();
        await store.keepDraft(key, null);
        window.scrollTo(0, 0);
        goInstead(refPath(ref ?? { uuid: draft.uuid }));
      } catch (error) {
        setProblem(kept(error as Error));
        setSaving(false);
      }
      isRunning.current = false;
    },
  };
}

export type Form = ReturnType<typeof useForm>;

/** Take the draft along when the product that was made here gets its lasting name. */
function useMoving(store: Store, key: string, draft: Draft): void {
  const before = useRef(key);
  useEffect(() => {
    if (before.current !== key) {
      const old = before.current;
      before.current = key;
      void store.keepDraft(key, draft).then(() => store.keepDraft(old, null));
    }
  }, [store, key, draft]);
}
