import { type FormEvent, useId, useState } from "react";
import { BLANK, bodyOf, type Faults, FIELDS, faultOf, type Name } from "../../forms/fields.ts";
import type { Change, Fields, NewChange } from "../../offline/changes.ts";
import { amend, discard, enqueue } from "../../offline/outbox.ts";
import type { Store } from "../../offline/store.ts";
import { CategoryPicker } from "../work/CategoryPicker.tsx";
import { Dialog } from "./Dialog.tsx";
import { again } from "./sections.ts";
import { kept as whyNotKept } from "./trouble.ts";
import { categoryOf, FIELD_NAMES, FIELDS as LABELS, payload, remedyByKind } from "./words.ts";

interface Properties {
  store: Store;
  change: Change;
  /** Called with what to say about it; empty if nothing happened. */
  onClose: (told: string) => void;
}

const AMENDED: Record<Awaited<ReturnType<typeof amend>>, string> = {
  amended: "Changed. It waits on this tablet.",
  sent: "It was sent meanwhile, so it could not be changed. Change the product instead.",
  unknown:
    "It may have reached the server already, so it cannot be changed now. With a connection it will be known.",
};

/** Put right what waits, or make a change anew that was refused. */
export function EditChange({ store, change, onClose }: Properties) {
  const [problem, setProblem] = useState("");
  const keep = async (next: Change["payload"]) => {
    try {
      onClose(await kept(store, change, next));
    } catch (error) {
      setProblem(whyNotKept(error as Error));
    }
  };
  return (
    <Dialog title={change.label} onClose={() => onClose("")}>
      {problem && (
        <p className="banner alarm" role="alert">
          {problem}
        </p>
      )}
      {remedyByKind(change) === "fields" ? (
        <FieldsForm store={store} change={change} onKeep={keep} onClose={() => onClose("")} />
      ) : (
        <>
          <CategoryPicker
            store={store}
            value={categoryOf(change) ?? ""}
            canClear={change.kind === "product.categorize"}
            onChange={(path) =>
              void keep({ ...change.payload, category: path || null } as Change["payload"])
            }
          />
          <p className="row">
            <button type="button" className="main plain" onClick={() => onClose("")}>
              Leave it
            </button>
          </p>
        </>
      )}
    </Dialog>
  );
}

async function kept(store: Store, change: Change, next: Change["payload"]): Promise<string> {
  const isAccepted = change.kind === "prediction.accept";
  if (change.status === "waiting" && !isAccepted) {
    return AMENDED[await amend(store, change.id, next)];
  }
  const anew = { ...again(change), payload: next } as NewChange;
  if (isAccepted) {
    // Another category is not the suggestion any more.
    anew.kind = "prediction.correct";
  }
  if (change.status === "waiting") {
    const outcome = await discard(store, change.id);
    if (outcome !== "discarded") {
      return AMENDED[outcome];
    }
    delete anew.resolves;
  }
  await enqueue(store, anew);
  return AMENDED.amended;
}

function FieldsForm(props: {
  store: Store;
  change: Change;
  onKeep: (next: Change["payload"]) => Promise<void>;
  onClose: () => void;
}) {
  const { store, change, onKeep, onClose } = props;
  const created = payload(change, "product.create");
  const edited = payload(change, "product.edit");
  const given: Fields = created?.fields ?? edited?.set ?? {};
  const names = FIELD_NAMES.filter((name) => created !== null || given[name] !== undefined);
  const [typed, setTyped] = useState<Record<string, string>>(() =>
    Object.fromEntries(names.map((name) => [name, String(given[name] ?? "")])),
  );
  const [category, setCategory] = useState(created?.category ?? "");
  const [faults, setFaults] = useState<Faults>({});

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const found: Faults = {};
    for (const name of names) {
      const fault = faultOf(name, typed[name] ?? "");
      if (fault !== null) {
        found[name] = fault;
      }
    }
    setFaults(found);
    const first = names.find((name) => found[name] !== undefined);
    if (first !== undefined) {
      (event.currentTarget.elements.namedItem(first) as HTMLElement | null)?.focus();
    }
    if (Object.keys(found).length === 0) {
      const said = bodyOf({ ...BLANK, ...typed }, names) as Fields;
      void onKeep(
        created !== null
          ? { fields: said, category: category || null }
          : { set: said, base: edited?.base ?? {} },
      );
    }
  };

  return (
    <form onSubmit={submit} noValidate>
      {names.map((name) => (
        <Field
          key={name}
          name={name}
          value={typed[name] ?? ""}
          fault={faults[name]}
          onChange={(text) => setTyped({ ...typed, [name]: text })}
        />
      ))}
      {created !== null && (
        <CategoryPicker store={store} value={category} onChange={setCategory} canClear />
      )}
      <p className="row">
        <button type="submit" className="main">
          Save
        </button>
        <button type="button" className="main plain" onClick={onClose}>
          Leave it
        </button>
      </p>
    </form>
  );
}

function Field(props: {
  name: Name & keyof Fields;
  value: string;
  fault: string | undefined;
  onChange: (text: string) => void;
}) {
  const { name, value, fault, onChange } = props;
  const id = useId();
  const { kind } = FIELDS[name];
  const shared = {
    id,
    name,
    value,
    autoComplete: "off",
    "aria-invalid": fault !== undefined,
    "aria-describedby": `${id}-fault`,
  };
  return (
    <p className="field">
      <label htmlFor={id}>{LABELS[name]}</label>
      {kind === "area" ? (
        <textarea {...shared} rows={3} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={kind === "text" ? "text" : kind === "money" ? "decimal" : "numeric"}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      <span id={`${id}-fault`} className="fault">
        {fault}
      </span>
    </p>
  );
}
