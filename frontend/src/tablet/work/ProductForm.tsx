import { type FormEvent, type MouseEvent, useEffect, useId, useState } from "react";
import { type Faults, FIELDS, faultOf, faultsOf, NAMES, type Name } from "../../forms/fields.ts";
import { keyOf, type ProductRef } from "../../offline/changes.ts";
import type { Shown, Store } from "../../offline/store.ts";
import { Link } from "../parts.tsx";
import { refPath } from "../router.ts";
import { type Known, may } from "../who.ts";
import { CategoryPicker } from "./CategoryPicker.tsx";
import { hasCode, LABELS } from "./drafting.ts";
import type { Form } from "./useForm.ts";

const ROWS: readonly (readonly Name[])[] = [
  ["name"],
  ["sku", "gtin"],
  ["brand"],
  ["description"],
  ["width_mm", "height_mm", "depth_mm"],
  ["weight_g", "price"],
];

const idOf = (name: Name) => `field-${name}`;

function focusFirst(faults: Faults): void {
  const first = NAMES.find((name) => faults[name] !== undefined);
  if (first !== undefined) {
    document.getElementById(idOf(first))?.focus();
  }
}

/** Leaving a field may show its fault, which would push the button away from under the finger. */
function keepFocus(event: MouseEvent): void {
  event.preventDefault();
}

interface Properties {
  who: Known;
  form: Form;
  /** The product that is changed; null for a new one. */
  at: ProductRef | null;
  back: string;
}

/** The fields of a product. Whatever is typed is kept at once, and sent only once it is saved. */
export function ProductForm({ who, form, at, back }: Properties) {
  const { values } = form.draft;
  const mayFill = at === null || may(who.person, "inventory.change_product");
  const mayFile = may(who.person, "inventory.categorize_product");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const faults = faultsOf(values);
    form.setFaults(faults);
    if (Object.keys(faults).length > 0) {
      focusFirst(faults);
    } else {
      void form.save();
    }
  };

  return (
    <form className="card product-form" noValidate onSubmit={submit} aria-busy={form.isSaving}>
      {form.isTakenUp && (
        <div className="banner" role="status">
          <span>What you typed here before is still there. It is not saved yet.</span>
          <button type="button" className="plain" onClick={form.startAgain}>
            Start again
          </button>
        </div>
      )}
      {mayFill &&
        ROWS.map((names) => (
          <div key={names[0]} className={`fields-of across-${names.length}`}>
            {names.map((name) => (
              <FormField key={name} name={name} form={form}>
                {(name === "sku" || name === "gtin") && (
                  <Twice store={who.store} name={name} code={values[name]} at={at} />
                )}
              </FormField>
            ))}
          </div>
        ))}
      {mayFile && (
        <div className="field">
          <CategoryPicker
            store={who.store}
            id={idOf("category")}
            value={values.category}
            onChange={(path) => form.change("category", path)}
            canClear
          />
        </div>
      )}
      {form.problem && (
        <p className="banner alarm" role="alert">
          {form.problem} What you typed is still here.
        </p>
      )}
      <div className="row">
        <button type="submit" className="main" onMouseDown={keepFocus} disabled={form.isSaving}>
          Save
        </button>
        <Link className="button plain main" to={back}>
          Cancel
        </Link>
      </div>
    </form>
  );
}

function FormField(props: { name: Name; form: Form; children: React.ReactNode }) {
  const { name, form, children } = props;
  const { hint, isNeeded = false } = FIELDS[name];
  const fault = form.faults[name];
  const id = idOf(name);
  const told = isNeeded ? `Needed. ${hint ?? ""}` : hint;
  const describedBy = [fault && `${id}-fault`, told && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{LABELS[name]}</label>
      <Control name={name} form={form} describedBy={describedBy || undefined} />
      {fault && (
        <p id={`${id}-fault`} className="fault">
          {fault}
        </p>
      )}
      {told && (
        <p id={`${id}-hint`} className="quiet hint">
          {told}
        </p>
      )}
      {children}
    </div>
  );
}

function Control(props: { name: Name; form: Form; describedBy: string | undefined }) {
  const { name, form, describedBy } = props;
  const { kind, isNeeded = false } = FIELDS[name];
  const value = form.draft.values[name];
  const shared = {
    id: idOf(name),
    value,
    autoComplete: "off",
    onChange: ({ target }: { target: { value: string } }) => form.change(name, target.value),
    onBlur: () => {
      const fault = faultOf(name, value);
      // An empty field is not scolded before the person has tried to save.
      if (fault !== null && value.trim() !== "") {
        form.setFaults({ ...form.faults, [name]: fault });
      }
    },
    "aria-invalid": form.faults[name] !== undefined,
    "aria-required": isNeeded,
    "aria-describedby": describedBy,
  };
  if (kind === "area") {
    return <textarea {...shared} rows={4} />;
  }
  const inputMode = kind === "money" ? "decimal" : kind === "text" ? "text" : "numeric";
  const isCode = name === "sku" || name === "gtin";
  return (
    <input
      {...shared}
      type="text"
      inputMode={inputMode}
      {...(isCode && { autoCapitalize: "off", spellCheck: false, "data-scan": "" })}
    />
  );
}

/** Warns of another product with the same code: the server would refuse it, or it is a double. */
function Twice(props: { store: Store; name: "sku" | "gtin"; code: string; at: ProductRef | null }) {
  const { store, name, at } = props;
  const code = props.code.trim();
  const [found, setFound] = useState<{ code: string; other: Shown }>();
  const described = useId();
  useEffect(() => {
    let isOver = false;
    if (code !== "") {
      void store.exact(code).then((other) => {
        const isSame = at !== null && other !== undefined && keyOf(other.ref) === keyOf(at);
        if (!isOver && other !== undefined && !isSame && hasCode(other.product, name, code)) {
          setFound({ code, other });
        }
      });
    }
    return () => {
      isOver = true;
    };
  }, [store, name, code, at]);
  const other = found?.code === code ? found.other : null;
  return (
    <div role="status" id={described}>
      {other !== null && (
        <div className="banner warn">
          <span>
            This tablet already has {other.product.name} with this {LABELS[name]}.
          </span>
          <Link className="button plain" to={refPath(other.ref)}>
            Open it
          </Link>
        </div>
      )}
    </div>
  );
}
