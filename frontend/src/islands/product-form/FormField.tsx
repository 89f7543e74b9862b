import { Input } from "antd";
import { FIELDS, type Name } from "../../forms/fields.ts";
import { CategoryPicker } from "../../ui/CategoryPicker.tsx";
import type { Form } from "./useForm.ts";

export function idOf(name: Name): string {
  return `field-${name}`;
}

/** One field with its label, its hint and what is wrong with it. */
export function FormField({ name, form }: { name: Name; form: Form }) {
  const { label, hint, isNeeded = false } = FIELDS[name];
  const fault = form.faults[name];
  const id = idOf(name);
  const describedBy = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {isNeeded && <span className="quiet"> (needed)</span>}
      </label>
      <Control name={name} form={form} describedBy={describedBy || undefined} />
      {fault && (
        <p id={`${id}-fault`} className="fault">
          {fault}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface ControlProperties {
  name: Name;
  form: Form;
  describedBy: string | undefined;
}

function Control({ name, form, describedBy }: ControlProperties) {
  const { kind, unit, isNeeded = false } = FIELDS[name];
  const isInvalid = form.faults[name] !== undefined;
  if (kind === "category") {
    return (
      <CategoryPicker
        id={idOf(name)}
        value={form.values[name]}
        onChange={(path) => form.change(name, path)}
        describedBy={describedBy}
        isInvalid={isInvalid}
        canClear
      />
    );
  }
  const shared = {
    id: idOf(name),
    value: form.values[name],
    onChange: ({ target }: { target: { value: string } }) => form.change(name, target.value),
    onBlur: () => form.check(name),
    autoComplete: "off",
    "aria-describedby": describedBy,
    "aria-invalid": isInvalid,
    "aria-required": isNeeded,
    ...(isInvalid && { status: "error" as const }),
  };
  if (kind === "area") {
    return <Input.TextArea {...shared} rows={4} />;
  }
  const inputMode = kind === "money" ? "decimal" : kind === "text" ? "text" : "numeric";
  return <Input {...shared} inputMode={inputMode} {...(unit && { suffix: unit })} />;
}
