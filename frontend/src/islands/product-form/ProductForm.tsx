import { Button } from "antd";
import { type FormEvent, type MouseEvent, useEffect } from "react";
import type { Product } from "../../api/types.ts";
import { type Faults, faultsOf, NAMES, type Name } from "../../forms/fields.ts";
import { Conflicting } from "./Conflicting.tsx";
import { FormField, idOf } from "./FormField.tsx";
import { Live } from "./Live.tsx";
import { Offer, Result } from "./Messages.tsx";
import { useForm } from "./useForm.ts";
import { useSave } from "./useSave.ts";
import "./product-form.css";

export interface Properties {
  /** The product to change; null for a new one. */
  stored: Product | null;
  userId: number;
  mayAsk: boolean;
  mayReview: boolean;
}

const ROWS: readonly (readonly Name[])[] = [
  ["name"],
  ["description"],
  ["brand"],
  ["sku", "gtin"],
  ["width_mm", "height_mm", "depth_mm"],
  ["weight_g", "price"],
  ["category"],
];

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

/** A product to fill in: new, or as it is stored. */
export function ProductForm({ stored, userId, mayAsk, mayReview }: Properties) {
  const form = useForm(stored, userId);
  const saving = useSave(form, stored?.id ?? null, mayReview);
  const { error } = saving;
  const refused = error === null ? null : form.faults;

  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each refusal, not each key
  useEffect(() => {
    if (refused !== null) {
      focusFirst(refused);
    }
  }, [error]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const faults = faultsOf(form.values);
    form.setFaults(faults);
    if (Object.keys(faults).length > 0) {
      focusFirst(faults);
    } else if (stored !== null && !form.isDirty) {
      form.leaveTo(stored.id);
    } else {
      saving.save();
    }
  };

  return (
    <div className="product-form">
      <Offer form={form} />
      {saving.conflict && (
        <Conflicting conflict={saving.conflict} form={form} onEnd={saving.endConflict} />
      )}
      <div className="sides">
        <form className="card" noValidate onSubmit={submit} aria-busy={saving.isPending}>
          {ROWS.map((names) => (
            <div key={names[0]} className="fields-of">
              {names.map((name) => (
                <FormField key={name} name={name} form={form} />
              ))}
            </div>
          ))}
          <Result saving={saving} />
          <div className="row">
            <Button
              type="primary"
              htmlType="submit"
              onMouseDown={keepFocus}
              loading={saving.isPending}
              disabled={saving.conflict !== null}
            >
              Save
            </Button>
            <Button href={stored ? `/products/${stored.id}` : "/products"} onMouseDown={keepFocus}>
              Cancel
            </Button>
          </div>
        </form>
        <Live form={form} mayAsk={mayAsk} />
      </div>
    </div>
  );
}
